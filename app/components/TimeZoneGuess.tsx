import { useEffect, useRef } from "react";

/**
 * The browser's time zone, sent along with a form where scripts run; without them the field is
 * empty.
 */
export function TimeZoneGuess() {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    // A browser that hides its location gives nothing, or UTC.
    const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
    if (field.current && timeZone !== "UTC") field.current.value = timeZone;
  }, []);
  return <input type="hidden" name="time_zone" ref={field} />;
}
