/**
 * Ranges that are set aside for fiction, so that nobody is called by mistake; Twilio sells none of them and no call can
 * come in on one. Sources: Ofcom, "Telephone numbers for use in TV and radio drama programmes"; NANPA, "555 line
 * numbers" (0100 to 0199); ACMA, "Phone numbers for use in TV shows, films and creative works"; ARCEP, "numéros
 * réservés aux œuvres audiovisuelles"; Bundesnetzagentur, "Drama numbers"; PTS, "Telefonnummer för användning i böcker
 * och filmer m.m.".
 */
const fictional: RegExp[] = [
  // Ofcom
  /^\+441(13|14|15|16|17|18|21|31|41|51|61)4960\d{3}$/,
  /^\+441914980\d{3}$/,
  /^\+441632960\d{3}$/,
  /^\+442079460\d{3}$/,
  /^\+442896496\d{3}$/,
  /^\+442920180\d{3}$/,
  /^\+447700900\d{3}$/,
  /^\+448081570\d{3}$/,
  /^\+443069990\d{3}$/,
  // NANPA
  /^\+1[2-9]\d\d55501\d\d$/,
  // ACMA
  /^\+61[2378](5550|7010)\d{4}$/,
  /^\+61491570(006|110|156|157|158|159|313|737)$/,
  // ARCEP
  /^\+33(19900|26191|35301|46571|53649|63998)\d{4}$/,
  // Bundesnetzagentur
  /^\+49(3023125|4066969|2214710|8999998|6990009)\d{3}$/,
  // PTS
  /^\+467017406(0[5-9]|[1-9]\d)$/,
];

/** Whether nobody can call `phoneNumber` (E.164), because its range is for films and books. */
export function isFictional(phoneNumber: string): boolean {
  return fictional.some((range) => range.test(phoneNumber));
}
