import {
  isRouteErrorResponse,
  useActionData,
  useLoaderData,
  useNavigate,
  type ClientActionFunction,
  type MetaFunction,
  type ShouldRevalidateFunction,
} from "@remix-run/react";
import { useCallback } from "react";
import { PhoneConfigModal } from "#app/components/PhoneConfigModal.tsx";
import { refreshUnlessCutOff } from "#app/components/refresh.ts";
import { privatePageTitle } from "#app/components/page-title.ts";
import type { ChoiceAnswer, chooseNumber, offerNumbers } from "#app/http/choose-number.server.ts";

/** What the pages that are the modal on another page share, besides `offerNumbers` and `chooseNumber`. */

export const chooseNumberMeta: MetaFunction<typeof offerNumbers> = ({ data }) =>
  privatePageTitle("Choose Your Phone Number", data?.refused);

/**
 * A number that went meanwhile means a fresh list, though Remix keeps what it has after a 4xx;
 * one that was assigned means no list any more, and the page is about to be left.
 */
export const refreshChoice: ShouldRevalidateFunction = (change) =>
  change.actionStatus === undefined ? refreshUnlessCutOff(change) : change.actionStatus === 409;

/** Sends the choice; where no answer comes, or one that is none, that is an answer for the modal too. */
export const sendChoice: ClientActionFunction = async ({ serverAction }) => {
  try {
    return await serverAction<ChoiceAnswer>();
  } catch (error) {
    // A redirect.
    if (error instanceof Response) throw error;
    return { outcome: "cut-off", message: noAnswer(error) } satisfies ChoiceAnswer;
  }
};

function noAnswer(error: unknown): string {
  const told: unknown = isRouteErrorResponse(error) && error.data;
  return typeof told === "object" && told !== null && "message" in told
    ? String(told.message)
    : "We couldn't reach the server. Check your connection and try again: sending it twice is safe.";
}

/** For the pages behind the modal: it is about to leave for one of them, whose news must not be told before. */
export const refreshBehind: ShouldRevalidateFunction = (change) =>
  change.actionStatus === undefined && refreshUnlessCutOff(change);

interface ChooseNumberProps {
  allowSkip: boolean;
  /** the path of this page */
  action: string;
  /** where Skip or Cancel leads */
  closeTo: string;
}

export function ChooseNumber({ allowSkip, action, closeTo }: ChooseNumberProps) {
  const navigate = useNavigate();
  const onSuccess = useCallback(() => navigate("/dashboard"), [navigate]);
  return (
    <PhoneConfigModal
      isOpen
      onClose={() => navigate(closeTo)}
      onSuccess={onSuccess}
      allowSkip={allowSkip}
      choice={useLoaderData<typeof offerNumbers>()}
      refused={useActionData<typeof chooseNumber>()}
      action={action}
      closeTo={closeTo}
    />
  );
}
