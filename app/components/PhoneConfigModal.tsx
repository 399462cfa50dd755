import { useFetcher } from "@remix-run/react";
import { useEffect, useRef, useState, type FormEvent, type MouseEvent } from "react";
import { addressOf } from "#app/components/number-address.ts";
import { NumberFilters } from "#app/components/NumberFilters.tsx";
import { NumberList } from "#app/components/NumberList.tsx";
import { NumberSearch } from "#app/components/NumberSearch.tsx";
import { PhoneNumber, WithPhoneNumbers } from "#app/components/PhoneNumber.tsx";
import type { Choice, ChoiceAnswer, OfferedNumber } from "#app/http/choose-number.server.ts";

export interface PhoneConfigModalProps {
  isOpen: boolean;
  /** Skip, Cancel or Escape. */
  onClose: () => void;
  /** The number is the company's. @param phoneNumber in E.164 */
  onSuccess: (phoneNumber: string) => void;
  /** whether its way out is Skip for Now, or Cancel */
  allowSkip: boolean;
  /** the numbers to choose from (`offerNumbers`) */
  choice: Choice;
  /** the path whose loader is `offerNumbers` and whose action is `chooseNumber` */
  action: string;
  /** where closing leads in a browser without JavaScript */
  closeTo: string;
  /** the action's answer to a form sent without JavaScript */
  refused?: ChoiceAnswer | undefined;
}

/**
 * The modal in which a company chooses its number, for ever. The page that shows it makes
 * everything behind it inert (`useBehindModal`): without JavaScript no dialog is modal.
 */
export function PhoneConfigModal({ isOpen, ...props }: PhoneConfigModalProps) {
  return isOpen ? <OpenModal {...props} /> : null;
}

const title = "phone-config-title";
const permanent = "phone-config-permanent";

function OpenModal({
  onClose,
  onSuccess,
  allowSkip,
  choice,
  action,
  closeTo,
  refused,
}: Omit<PhoneConfigModalProps, "isOpen">) {
  const fetcher = useFetcher<ChoiceAnswer>();
  // The problem stays until Confirm gets another answer: if it went earlier, the rows would move
  // under the pointer.
  const [refusedFirst] = useState(refused);
  const answer = fetcher.data ?? refusedFirst;
  const assigned = answer?.outcome === "assigned" ? answer.phoneNumber : undefined;
  const sending = fetcher.state !== "idle" || assigned !== undefined;
  // Of a fault and an answer, the later one is shown.
  const [last, setLast] = useState({ choice, answer, fault: choice.fault });
  const isNewChoice = last.choice !== choice;
  if (isNewChoice || last.answer !== answer) {
    setLast({ choice, answer, fault: isNewChoice ? choice.fault : undefined });
  }
  const { fault } = last;
  const problem = fault ?? (answer && problemText(answer, allowSkip, choice));
  const [selected, setSelected] = useState<OfferedNumber>();
  // Sent along, so that a refused choice comes back with the same search and as many numbers.
  const here = addressOf(action, choice, choice.show);
  // A search that does not list the selected number does not unselect it; only its going does.
  const isGone = answer?.outcome === "not-available" && answer.number === selected?.shown;
  const isListed = choice.numbers.some(({ phoneNumber }) => phoneNumber === selected?.phoneNumber);
  const kept = isListed || isGone ? undefined : selected;
  const confirmed = isListed ? selected : kept;

  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const problemBox = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    const begun = dialog.current?.contains(document.activeElement) && document.activeElement;
    openModally(dialog.current);
    // Visitors who have begun to type or choose keep their place.
    (begun instanceof HTMLElement ? begun : heading.current)?.focus();
  }, []);
  useEffect(() => problemBox.current?.focus(), [answer, fault]);
  // The title that the server gives a page with a problem.
  useEffect(() => {
    const title = document.title.replace(/^Error: /, "");
    document.title = problem === undefined ? title : `Error: ${title}`;
  }, [problem, choice]);
  // Not until the page has reloaded its data: leaving earlier would cut off one of the two loads.
  const settledNumber = fetcher.state === "idle" ? assigned : undefined;
  useEffect(() => {
    if (settledNumber !== undefined) onSuccess(settledNumber);
  }, [settledNumber, onSuccess]);

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (sending) return;
    const fields = new FormData(event.currentTarget);
    fields.set("answer", "data");
    fetcher.submit(fields, { method: "post", action: here });
  };
  const close = (event: { preventDefault: () => void }) => {
    event.preventDefault();
    if (!sending) onClose();
  };
  // If asked twice, say by a Back gesture, a browser closes a modal without asking the page.
  const closed = () => {
    if (sending) openModally(dialog.current);
    else onClose();
  };
  const skip = (event: MouseEvent) => {
    if (!event.metaKey && !event.ctrlKey && !event.shiftKey) close(event);
  };

  const footer = (
    <div className="modal-footer">
      {choice.available > 0 && (
        <>
          <p className="hint" id={permanent}>
            {kept && (
              <>
                Selected: <PhoneNumber>{kept.shown}</PhoneNumber>.{" "}
              </>
            )}
            Permanent: you can't change it later.
          </p>
          <button
            type="submit"
            className="button"
            aria-describedby={permanent}
            aria-disabled={sending || undefined}
          >
            {sending ? (
              "Assigning…"
            ) : confirmed ? (
              <>
                Confirm <PhoneNumber>{confirmed.shown}</PhoneNumber>
              </>
            ) : (
              "Confirm"
            )}
          </button>{" "}
        </>
      )}
      <a
        className="button secondary"
        href={closeTo}
        onClick={skip}
        onKeyDown={(event) => {
          // It looks like a button, and the space bar presses buttons.
          if (event.key !== " ") return;
          event.preventDefault();
          event.currentTarget.click();
        }}
      >
        {allowSkip ? "Skip for Now" : "Cancel"}
      </a>
    </div>
  );
  return (
    <dialog
      className="modal"
      open
      ref={dialog}
      aria-labelledby={title}
      onKeyDown={(event) => {
        if (event.key === "Escape") close(event);
      }}
      onCancel={close}
      onClose={closed}
    >
      <div className="modal-head">
        <h2 id={title} tabIndex={-1} ref={heading}>
          Choose Your Phone Number
        </h2>
        {problem && (
          <p className="problem" role="alert" tabIndex={-1} ref={problemBox}>
            <WithPhoneNumbers text={problem} />
          </p>
        )}
        {choice.available === 0 ? (
          <p>{emptyText(allowSkip)}</p>
        ) : (
          <>
            <p>This will be your company's number for incoming calls.</p>
            {choice.searchable && <NumberFilters choice={choice} action={action} />}
            {choice.searchable && <NumberSearch choice={choice} action={action} />}
          </>
        )}
      </div>
      {choice.available === 0 ? (
        footer
      ) : (
        <form method="post" action={here} autoComplete="off" onSubmit={submit}>
          <NumberList
            choice={choice}
            action={action}
            selected={selected}
            kept={kept}
            onSelect={setSelected}
          />
          {footer}
        </form>
      )}
    </dialog>
  );
}

/**
 * Shows a dialog above everything else. A browser that cannot do so leaves it as the server sent
 * it, open in its place; since `showModal()` refuses a dialog that is already open, it is closed
 * first.
 */
function openModally(dialog: HTMLDialogElement | null): void {
  if (typeof dialog?.showModal !== "function") return;
  dialog.removeAttribute("open");
  dialog.showModal();
}

function problemText(
  answer: ChoiceAnswer,
  allowSkip: boolean,
  { available }: Choice,
): string | undefined {
  switch (answer.outcome) {
    case "assigned":
      return undefined;
    case "nothing-chosen":
      return allowSkip ? "Select a phone number, or skip for now." : "Select a phone number.";
    case "not-available":
      return `${answer.number ?? "That number"} is no longer available.${available > 0 ? " Choose another." : ""}`;
    case "email-not-verified":
      return "Confirm your email address first: follow the link in the mail that we sent you. Settings sends it again.";
    case "wait":
    case "fault":
    case "cut-off":
      return answer.message;
  }
}

function emptyText(allowSkip: boolean): string {
  return `No phone numbers available right now. Your account is ready; you can choose one later ${allowSkip ? "in Settings" : "here"}.`;
}
