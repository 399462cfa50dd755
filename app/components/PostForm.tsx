import { useEffect, useState, type FormEvent, type ReactNode } from "react";

interface PostFormProps {
  submit: string;
  /** the button's text while the form is being sent */
  submitting: string;
  /** for a form answered by its own page; without it the address would keep its `#fragment` */
  action?: string;
  children: ReactNode;
}

// A stopped navigation leaves no trace, so after this many milliseconds the form can be sent again.
const longestWait = 10_000;

/**
 * A form whose submission loads a document, with or without JavaScript, so that the browser itself
 * reports a lost connection and Back restores what was typed. With JavaScript a second submit
 * during the first does nothing.
 */
export function PostForm({ submit, submitting, action, children }: PostFormProps) {
  const [sending, setSending] = useState(false);
  useEffect(() => {
    if (!sending) return;
    const again = () => setSending(false);
    const timer = setTimeout(again, longestWait);
    window.addEventListener("pageshow", again);
    return () => {
      clearTimeout(timer);
      window.removeEventListener("pageshow", again);
    };
  }, [sending]);
  const onSubmit = (event: FormEvent) => {
    if (sending) event.preventDefault();
    setSending(true);
  };
  return (
    <form method="post" action={action} noValidate onSubmit={onSubmit}>
      {children}
      <button type="submit" className="button" aria-disabled={sending || undefined}>
        {sending ? submitting : submit}
      </button>
    </form>
  );
}
