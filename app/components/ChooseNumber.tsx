import {
  useActionData,
  useLoaderData,
  useNavigate,
  type MetaFunction,
  type ShouldRevalidateFunction,
} from "@remix-run/react";
import { useCallback } from "react";
import { PhoneConfigModal } from "#app/components/PhoneConfigModal.tsx";
import { privatePageTitle } from "#app/components/page-title.ts";
import type { chooseNumber, offerNumbers } from "#app/http/choose-number.server.ts";

/** What the pages that are the modal on another page share, besides `offerNumbers` and `chooseNumber`. */

export const chooseNumberMeta: MetaFunction<typeof offerNumbers> = ({ data }) =>
  privatePageTitle("Choose Your Phone Number", data?.refused);

/**
 * A number that went meanwhile means a fresh list, though Remix keeps what it has after a 4xx;
 * one that was assigned means no list any more, and the page is about to be left.
 */
export const refreshChoice: ShouldRevalidateFunction = ({
  actionStatus,
  defaultShouldRevalidate,
}) => (actionStatus === undefined ? defaultShouldRevalidate : actionStatus === 409);

interface ChooseNumberProps {
  allowSkip: boolean;
  /** the path of this page */
  action: string;
  /** where Skip or Cancel leads */
  closeTo: string;
}

export function ChooseNumber({ allowSkip, action, closeTo }: ChooseNumberProps) {
  const navigate = useNavigate();
  const onSuccess = useCallback(() => navigate("/dashboard?assigned=1"), [navigate]);
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
