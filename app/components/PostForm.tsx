import { useEffect, useState, type FormEvent, type ReactNode } from "react";

interface PostFormProps {
  submit: string;
  /** the button's text while the form is under way */
  submitting: string;
  /** for a form whose answer is its own page: without it the part of the page that was gone to would come along */
  action?: string;
  children: ReactNode;
}

// A navigation that was stopped leaves no trace, so after this many milliseconds the form can be sent again.
const longestWait = 10_000;

/**
 * A form that is sent as a document, with or without JavaScript, so that a failure on the way is the browser's own page
 * and Back brings everything typed. With JavaScript a second submit while the first is under way does nothing.
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
