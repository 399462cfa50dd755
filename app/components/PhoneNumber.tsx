/** A phone number that never breaks across lines, in digits of equal width. */
export function PhoneNumber({ children }: { children: string }) {
  return <span className="phone-number">{children}</span>;
}

/** A text with its phone numbers marked up as such. */
export function WithPhoneNumbers({ text }: { text: string }) {
  return text
    .split(/(\+\d[\d ]*\d)/)
    .map((part, index) => (index % 2 === 1 ? <PhoneNumber key={index}>{part}</PhoneNumber> : part));
}
