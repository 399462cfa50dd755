import type { ShouldRevalidateFunction } from "@remix-run/react";
import type { ChoiceAnswer } from "#app/http/choose-number.server.ts";

/** Where a choice was cut off nothing is loaded again: that would fail too, and take the page away. */
export const refreshUnlessCutOff: ShouldRevalidateFunction = ({
  actionResult,
  defaultShouldRevalidate,
}) => (actionResult as ChoiceAnswer | undefined)?.outcome !== "cut-off" && defaultShouldRevalidate;

let changed = false;

/** Says whether the page behind the modal may be another than when the modal opened. */
export function noteBehind(is: "as it was" | "changed"): void {
  changed = is === "changed";
}

/** Whether the page behind the modal may be another than when the modal opened. */
export const isBehindChanged = (): boolean => changed;

/**
 * Whether a search in the modal, or Skip, leads on from a page that is still what it was, and so needs no network to
 * be seen again.
 */
const isUntouchedBehind: ShouldRevalidateFunction = ({ currentUrl }) =>
  /\/choose(-number)?$/.test(currentUrl.pathname) && !changed;

/** For the pages behind the modal: it is about to leave for one of them, whose news must not be told before. */
export const refreshBehind: ShouldRevalidateFunction = (change) =>
  change.actionStatus === undefined && refreshUnlessCutOff(change) && !isUntouchedBehind(change);
