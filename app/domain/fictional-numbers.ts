/**
 * Ranges set aside for fiction, so that nobody is called by mistake; Twilio sells none of them and
 * no call can come in on one. Each has the document that sets it aside.
 */
const fictional: RegExp[] = [
  // Ofcom, "Telephone numbers for use in TV and radio drama programmes"
  /^\+441(13|14|15|16|17|18|21|31|41|51|61)4960\d{3}$/,
  /^\+441914980\d{3}$/,
  /^\+441632960\d{3}$/,
  /^\+442079460\d{3}$/,
  /^\+442896496\d{3}$/,
  /^\+442920180\d{3}$/,
  /^\+447700900\d{3}$/,
  /^\+448081570\d{3}$/,
  /^\+443069990\d{3}$/,
  // ComReg, document 08/04, "Drama use": google/libphonenumber's issue 1936 cites it for 020 917
  // 4350, and Teller Report of 7 September 2020, on Sweden's numbers, says 020 91. The document
  // itself was not at hand.
  /^\+3532091\d{5}$/,
  // NANPA, "555 Line Numbers": 0100 to 0199 in any area, but not in those of toll-free numbers
  /^\+1(?!8(00|22|33|44|55|66|77|88))[2-9]\d\d55501\d\d$/,
  // ACMA, "Phone numbers for use in TV shows, films and creative works"
  /^\+61[2378](5550|7010)\d{4}$/,
  /^\+614915(70(006|110|156|157|158|159|313|737)|71(266|491|804)|72(549|665|983)|73(087|770))$/,
  /^\+614915(74(118|632)|75(254|789)|76(398|801)|77(426|644)|78(148|888|957)|79(212|455|760))$/,
  // ARCEP, "Décision 2018-0881 établissant le plan national de numérotation", article 2.5.12
  /^\+33(19900|26191|35301|46571|53649|63998)\d{4}$/,
  // Bundesnetzagentur, Mitteilung 148/2021, "Rufnummern für Medienproduktionen (Drama Numbers)"
  /^\+49(3023125|4066969|2214710|8999998|6990009)\d{3}$/,
  /^\+49(1713920|17604069)0\d\d$/,
  // PTS, "Telefonnummer för användning i böcker och filmer etc."
  /^\+467017406(0[5-9]|[1-9]\d)$/,
];

/** Whether nobody can call `phoneNumber` (E.164), because its range is for films and books. */
export function isFictional(phoneNumber: string): boolean {
  return fictional.some((range) => range.test(phoneNumber));
}
