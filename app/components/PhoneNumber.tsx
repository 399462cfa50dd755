/** A phone number that never breaks over two lines, with digits of one width. */
export function PhoneNumber({ children }: { children: string }) {
  return <span className="phone-number">{children}</span>;
}

/** A text, with the phone numbers in it as such. */
export function WithPhoneNumbers({ text }: { text: string }) {
  return text
    .split(/(\+\d[\d ]*\d)/)
    .map((part, index) => (index % 2 === 1 ? <PhoneNumber key={index}>{part}</PhoneNumber> : part));
}
