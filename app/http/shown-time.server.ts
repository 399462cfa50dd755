/** A time as pages show it. */
export interface ShownTime {
  /** RFC 3339, UTC */
  at: string;
  /** `22 Nov 2026, 10:00 GMT`, in the company's zone */
  shown: string;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** @param timeZone IANA name, as a company has it */
export function shownTime(at: string, timeZone: string): ShownTime {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-GB", {
      day: "numeric",
      month: "short",
      year: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      timeZoneName: "short",
      timeZone,
    });
    formats.set(timeZone, format);
  }
  return { at, shown: format.format(new Date(at)) };
}
