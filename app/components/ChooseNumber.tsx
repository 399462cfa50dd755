import {
  isRouteErrorResponse,
  useActionData,
  useLoaderData,
  useNavigate,
  type ClientActionFunction,
  type ClientLoaderFunction,
  type MetaFunction,
  type ShouldRevalidateFunction,
} from "@remix-run/react";
import { useCallback, useEffect, useState } from "react";
import { PhoneConfigModal } from "#app/components/PhoneConfigModal.tsx";
import { isBehindChanged, noteBehind, refreshUnlessCutOff } from "#app/components/refresh.ts";
import { privatePageTitle } from "#app/components/page-title.ts";
import { UnreachableError } from "#app/components/unreachable.ts";
import type {
  Choice,
  ChoiceAnswer,
  chooseNumber,
  offerNumbers,
} from "#app/http/choose-number.server.ts";

/**
 * What the two pages that show the modal over another page share, besides `offerNumbers` and
 * `chooseNumber`.
 */

export const chooseNumberMeta: MetaFunction<typeof offerNumbers> = ({ data }) =>
  privatePageTitle("Choose Your Phone Number", data?.refused);

/**
 * If a number has gone, the list is loaded afresh, although Remix loads nothing after a 4xx;
 * if one was assigned, no list is needed: the page is about to be left.
 */
export const refreshChoice: ShouldRevalidateFunction = (change) =>
  change.actionStatus === undefined ? refreshUnlessCutOff(change) : change.actionStatus === 409;

/** Sends the choice; if there is no answer, or no usable one, the modal is told that too. */
export const sendChoice: ClientActionFunction = async ({ serverAction }) => {
  noteBehind("changed");
  try {
    return await serverAction<ChoiceAnswer>();
  } catch (error) {
    // A redirect.
    if (error instanceof Response) throw error;
    const message = whyNoAnswer(error, ": sending it twice is safe");
    return { outcome: "cut-off", message } satisfies ChoiceAnswer;
  }
};

/** What the modal shows, for when loading fails. */
let shown: Choice | undefined;

/** Loads the numbers; if that fails, those already shown stay, with an explanation. */
export const loadChoice: ClientLoaderFunction = async ({ serverLoader }) => {
  try {
    return await serverLoader<Choice>();
  } catch (error) {
    // By now the company has a number, and is redirected to it.
    if (error instanceof Response) noteBehind("changed");
    if (error instanceof Response || !shown) throw error;
    return { ...shown, fault: whyNoAnswer(error) } satisfies Choice;
  }
};

function whyNoAnswer(error: unknown, andWhat = ""): string {
  const told: unknown = isRouteErrorResponse(error) && error.data;
  if (typeof told === "object" && told !== null && "message" in told) return String(told.message);
  return error instanceof UnreachableError
    ? `We couldn't reach the server. Check your connection and try again${andWhat}.`
    : `Something went wrong. Try again${andWhat}.`;
}

interface ChooseNumberProps {
  allowSkip: boolean;
  /** the path of this page */
  action: string;
  /** where Skip or Cancel leads */
  closeTo: string;
}

/** The modal over its page, with what loading and sending need. */
export function ChooseNumber({ allowSkip, action, closeTo }: ChooseNumberProps) {
  const navigate = useNavigate();
  const onSuccess = useCallback(() => navigate("/dashboard"), [navigate]);
  const loaded = useLoaderData<typeof offerNumbers>();
  const [stayed, setStayed] = useState<{ loaded: Choice; choice: Choice }>();
  const choice = stayed?.loaded === loaded ? stayed.choice : loaded;
  useEffect(() => noteBehind("as it was"), []);
  useEffect(() => {
    shown = { ...loaded, fault: undefined };
    return () => (shown = undefined);
  }, [loaded]);
  const close = async () => {
    try {
      // The page behind will load again; should that fail, the modal would be lost with it.
      if (isBehindChanged()) await fetch("/healthz");
      navigate(closeTo);
    } catch (error) {
      setStayed({ loaded, choice: { ...loaded, fault: whyNoAnswer(error) } });
    }
  };
  return (
    <PhoneConfigModal
      isOpen
      onClose={close}
      onSuccess={onSuccess}
      allowSkip={allowSkip}
      choice={choice}
      refused={useActionData<typeof chooseNumber>()}
      action={action}
      closeTo={closeTo}
    />
  );
}
