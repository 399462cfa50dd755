import type { ShouldRevalidateFunction } from "@remix-run/react";
import type { ChoiceAnswer } from "#app/http/choose-number.server.ts";

/**
 * Loads nothing again after a choice was cut off: that would fail too, and the page would be lost.
 */
export const refreshUnlessCutOff: ShouldRevalidateFunction = ({
  actionResult,
  defaultShouldRevalidate,
}) => (actionResult as ChoiceAnswer | undefined)?.outcome !== "cut-off" && defaultShouldRevalidate;

let changed = false;

/** Notes whether the page behind the modal may have changed since the modal opened. */
export function noteBehind(is: "as it was" | "changed"): void {
  changed = is === "changed";
}

/** Whether the page behind the modal may have changed since the modal opened. */
export const isBehindChanged = (): boolean => changed;

/**
 * Whether a search in the modal, or Skip, leaves the page behind unchanged, so that showing it
 * again needs no network.
 */
const isUntouchedBehind: ShouldRevalidateFunction = ({ currentUrl }) =>
  /\/choose(-number)?$/.test(currentUrl.pathname) && !changed;

/**
 * For the pages behind the modal: it is about to leave for one of them, and the news must be told
 * only there.
 */
export const refreshBehind: ShouldRevalidateFunction = (change) =>
  change.actionStatus === undefined && refreshUnlessCutOff(change) && !isUntouchedBehind(change);
