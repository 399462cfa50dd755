import type { HeadersFunction } from "@remix-run/node";
import { modalRoute } from "#app/components/behind-modal.ts";
import {
  ChooseNumber,
  chooseNumberMeta,
  loadChoice,
  refreshChoice,
  sendChoice,
} from "#app/components/ChooseNumber.tsx";
import { chooseNumber, offerNumbers } from "#app/http/choose-number.server.ts";

export const handle = modalRoute;
export const meta = chooseNumberMeta;
export const headers: HeadersFunction = ({ actionHeaders }) => actionHeaders;
export const shouldRevalidate = refreshChoice;
export const loader = offerNumbers;
export const clientLoader = loadChoice;
export const action = chooseNumber;
export const clientAction = sendChoice;

export default function ChooseInSettings() {
  return (
    <ChooseNumber allowSkip={false} action="/settings/phone/choose" closeTo="/settings/phone" />
  );
}
