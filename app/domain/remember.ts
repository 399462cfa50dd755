/**
 * A function that keeps what it has made: the numbering plans and the time zones take tens to hundreds of microseconds
 * to ask, and requests ask for the same few again and again.
 * @param make pure; undefined is kept as well
 * @param most how many are kept; beyond that it begins anew, since anybody may send anything
 */
export function remember<Value>(
  make: (key: string) => Value,
  most = 1_000,
): (key: string) => Value {
  const made = new Map<string, Value>();
  return (key) => {
    const kept = made.get(key);
    if (kept !== undefined || made.has(key)) return kept as Value;
    if (made.size >= most) made.clear();
    const value = make(key);
    made.set(key, value);
    return value;
  };
}
