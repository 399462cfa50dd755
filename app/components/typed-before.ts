/**
 * What is typed or chosen before scripts have taken over. Taking over sets radios and lists back, and where something
 * else has changed the page meanwhile, such as a password manager, it makes all of the page anew.
 */

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

const isChoice = (field: Field): field is HTMLInputElement =>
  field instanceof HTMLInputElement && ["radio", "checkbox"].includes(field.type);

const fields = () =>
  [...document.querySelectorAll<Field>("input, textarea, select")].filter(
    ({ name, type }) => name !== "" && type !== "hidden",
  );

/** The same for a field that has been made anew. */
const keyOf = (field: Field) =>
  [field.form?.getAttribute("action"), field.name, isChoice(field) && field.value].join();

function isTouched(field: Field): boolean {
  if (isChoice(field)) return field.checked !== field.defaultChecked;
  return field instanceof HTMLSelectElement
    ? [...field.options].some((option) => option.selected !== option.defaultSelected)
    : field.value !== field.defaultValue;
}

/**
 * Begins to keep what is typed and chosen.
 * @returns what gives it back, when scripts have taken over
 */
export function keepTyped(): () => void {
  const kept = new Map<string, string | boolean>();
  let focused: string | undefined;
  const look = () => {
    for (const field of fields()) {
      if (kept.has(keyOf(field)) || isTouched(field)) {
        kept.set(keyOf(field), isChoice(field) ? field.checked : field.value);
      }
    }
    const { activeElement } = document;
    focused = fields().find((field) => field === activeElement && !isChoice(field))?.id;
  };
  const events = ["input", "change", "focusin"];
  for (const event of events) document.addEventListener(event, look, true);
  look();
  return () => {
    for (const event of events) document.removeEventListener(event, look, true);
    for (const field of fields()) {
      const value = kept.get(keyOf(field));
      if (typeof value === "string" && field.value !== value) field.value = value;
      if (typeof value === "boolean" && isChoice(field)) field.checked = value;
    }
    if (focused && document.activeElement?.id !== focused) {
      document.getElementById(focused)?.focus({ preventScroll: true });
    }
    kept.clear();
  };
}
