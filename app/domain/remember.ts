/**
 * Memoises a function: numbering plans and time zones take tens to hundreds of microseconds to look
 * up, and requests ask for the same few again and again.
 * @param make pure; undefined is kept as well
 * @param most how many results are kept; beyond that it starts afresh, since anybody may send
 * anything
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
