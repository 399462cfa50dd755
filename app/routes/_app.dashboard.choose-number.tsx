import { ChooseNumber } from "#app/components/ChooseNumber.tsx";

export { modalRoute as handle } from "#app/components/behind-modal.ts";
export {
  chooseNumberMeta as meta,
  loadChoice as clientLoader,
  refreshChoice as shouldRevalidate,
  sendChoice as clientAction,
} from "#app/components/ChooseNumber.tsx";
export { chooseNumber as action, offerNumbers as loader } from "#app/http/choose-number.server.ts";
export { headersOfAction as headers } from "#app/http/page.server.ts";

export default function ChooseOnDashboard() {
  return <ChooseNumber allowSkip action="/dashboard/choose-number" closeTo="/dashboard" />;
}
