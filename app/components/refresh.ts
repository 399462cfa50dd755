import type { ShouldRevalidateFunction } from "@remix-run/react";
import type { ChoiceAnswer } from "#app/http/choose-number.server.ts";

/** Where a choice was cut off nothing is loaded again: that would fail too, and take the page away. */
export const refreshUnlessCutOff: ShouldRevalidateFunction = ({
  actionResult,
  defaultShouldRevalidate,
}) => (actionResult as ChoiceAnswer | undefined)?.outcome !== "cut-off" && defaultShouldRevalidate;
