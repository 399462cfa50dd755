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

export default function ChooseInSettings() {
  return (
    <ChooseNumber allowSkip={false} action="/settings/phone/choose" closeTo="/settings/phone" />
  );
}
