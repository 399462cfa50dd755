/**
 * Keeps what is typed or chosen before hydration. Hydration resets radios and lists and, if
 * something else has changed the page meanwhile, such as a password manager, renders the whole page
 * anew.
 */

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

const isChoice = (field: Field): field is HTMLInputElement =>
  field instanceof HTMLInputElement && ["radio", "checkbox"].includes(field.type);

const fields = () =>
  [...document.querySelectorAll<Field>("input, textarea, select")].filter(
    ({ name, type }) => name !== "" && type !== "hidden",
  );

/** Stays the same when a field is rendered anew. */
const keyOf = (field: Field) =>
  [field.form?.getAttribute("action"), field.name, isChoice(field) && field.value].join();

function isTouched(field: Field): boolean {
  if (isChoice(field)) return field.checked !== field.defaultChecked;
  return field instanceof HTMLSelectElement
    ? [...field.options].some((option) => option.selected !== option.defaultSelected)
    : field.value !== field.defaultValue;
}

/** Which of a page's focusable elements this is; stays the same when it is rendered anew. */
const placeOf = (element: Element) =>
  [element.tagName, element.id, element.getAttribute("href"), element.textContent?.trim()].join() +
  (isField(element) ? keyOf(element) : "");

const isField = (element: Element | null): element is Field =>
  element !== null && element.matches("input, textarea, select");

/** Where the text cursor is; undefined if the element has none, or does not say. */
function cursorIn(element: Element): [number, number] | undefined {
  const { selectionStart: from, selectionEnd: to } = element as Partial<HTMLInputElement>;
  return typeof from === "number" && typeof to === "number" ? [from, to] : undefined;
}

/**
 * Begins to record what is typed and chosen, and where focus is.
 * @returns a function that restores it, for after hydration
 */
export function keepTyped(): () => void {
  const kept = new Map<string, string | boolean>();
  let place: string | undefined;
  let cursor: [number, number] | undefined;
  const look = () => {
    for (const field of fields()) {
      if (kept.has(keyOf(field)) || isTouched(field)) {
        kept.set(keyOf(field), isChoice(field) ? field.checked : field.value);
      }
    }
    const { activeElement } = document;
    // An element removed by rendering anew loses focus without anybody having moved it.
    if (activeElement === null || activeElement === document.body) return;
    place = placeOf(activeElement);
    cursor = cursorIn(activeElement);
  };
  const events = ["input", "change", "focusin", "selectionchange"];
  for (const event of events) document.addEventListener(event, look, true);
  look();
  return () => {
    for (const event of events) document.removeEventListener(event, look, true);
    for (const field of fields()) {
      const value = kept.get(keyOf(field));
      if (typeof value === "string" && field.value !== value) field.value = value;
      if (typeof value === "boolean" && isChoice(field)) field.checked = value;
    }
    const { activeElement } = document;
    if (place !== undefined && (!activeElement || placeOf(activeElement) !== place)) {
      const lost = [
        ...document.querySelectorAll<HTMLElement>("input, textarea, select, button, a"),
      ];
      const found = lost.find((element) => placeOf(element) === place);
      found?.focus({ preventScroll: true });
      if (found && cursor && isField(found) && !(found instanceof HTMLSelectElement)) {
        found.setSelectionRange(...cursor);
      }
    }
    kept.clear();
  };
}
