import type { SpokenLanguage } from "#app/domain/spoken-language.ts";

/** Our own sentences that callers hear, besides the company's greeting. */
export interface Sentences {
  /** if the company has written no greeting of its own */
  greeting: (companyName: string) => string;
  leaveMessage: string;
  nobodyThere: string;
  nobodyThereLeaveMessage: string;
  nothingHeard: string;
  thanks: string;
  notInService: string;
  /** the company's account is frozen */
  closedForNow: string;
  callerNotAccepted: string;
  withheldNotAccepted: string;
  cannotConnect: string;
  oneMoment: string;
}

type Language = SpokenLanguage extends `${infer Language}-${string}` ? Language : never;

/** The sentences of a language, whatever its accent. */
export function sentencesIn(language: SpokenLanguage): Sentences {
  return sentences[language.slice(0, 2) as Language];
}

const sentences: Record<Language, Sentences> = {
  de: {
    greeting: (company) => `Vielen Dank für Ihren Anruf bei ${company}.`,
    leaveMessage: "Bitte hinterlassen Sie nach dem Signalton eine Nachricht.",
    nobodyThere: "Zurzeit kann niemand Ihren Anruf entgegennehmen. Auf Wiederhören.",
    nobodyThereLeaveMessage:
      "Zurzeit kann niemand Ihren Anruf entgegennehmen. Bitte hinterlassen Sie nach dem Signalton eine Nachricht.",
    nothingHeard: "Wir haben keine Nachricht gehört. Auf Wiederhören.",
    thanks: "Vielen Dank. Auf Wiederhören.",
    notInService: "Diese Nummer ist nicht vergeben.",
    closedForNow:
      "Unter dieser Nummer können zurzeit keine Anrufe angenommen werden. Auf Wiederhören.",
    callerNotAccepted: "Unter dieser Nummer werden keine Anrufe angenommen. Auf Wiederhören.",
    withheldNotAccepted:
      "Unter dieser Nummer werden keine Anrufe mit unterdrückter Rufnummer angenommen. Bitte rufen Sie noch einmal mit sichtbarer Nummer an.",
    cannotConnect:
      "Wir können Sie im Moment nicht verbinden. Bitte versuchen Sie es in Kürze noch einmal.",
    oneMoment: "Einen Moment, bitte.",
  },
  en: {
    greeting: (company) => `Thank you for calling ${company}.`,
    leaveMessage: "Please leave a message after the tone.",
    nobodyThere: "Nobody can take your call right now. Goodbye.",
    nobodyThereLeaveMessage:
      "Nobody can take your call right now. Please leave a message after the tone.",
    nothingHeard: "We did not hear a message. Goodbye.",
    thanks: "Thank you. Goodbye.",
    notInService: "This number is not in service.",
    closedForNow: "This number can't take calls at the moment. Goodbye.",
    callerNotAccepted: "This number is not accepting calls. Goodbye.",
    withheldNotAccepted:
      "This number is not accepting calls from withheld numbers. Please call again and show your number.",
    cannotConnect: "We can't connect your call right now. Please try again shortly.",
    oneMoment: "One moment, please.",
  },
  es: {
    greeting: (company) => `Gracias por llamar a ${company}.`,
    leaveMessage: "Por favor, deje un mensaje después de la señal.",
    nobodyThere: "En este momento nadie puede atender su llamada. Adiós.",
    nobodyThereLeaveMessage:
      "En este momento nadie puede atender su llamada. Por favor, deje un mensaje después de la señal.",
    nothingHeard: "No hemos oído ningún mensaje. Adiós.",
    thanks: "Gracias. Adiós.",
    notInService: "Este número no está en servicio.",
    closedForNow: "Este número no puede recibir llamadas en este momento. Adiós.",
    callerNotAccepted: "Este número no acepta llamadas. Adiós.",
    withheldNotAccepted:
      "Este número no acepta llamadas de números ocultos. Por favor, vuelva a llamar mostrando su número.",
    cannotConnect:
      "No podemos conectar su llamada en este momento. Por favor, inténtelo de nuevo en breve.",
    oneMoment: "Un momento, por favor.",
  },
  fr: {
    greeting: (company) => `Merci d'appeler ${company}.`,
    leaveMessage: "Veuillez laisser un message après le signal sonore.",
    nobodyThere: "Personne ne peut prendre votre appel pour le moment. Au revoir.",
    nobodyThereLeaveMessage:
      "Personne ne peut prendre votre appel pour le moment. Veuillez laisser un message après le signal sonore.",
    nothingHeard: "Nous n'avons pas entendu de message. Au revoir.",
    thanks: "Merci. Au revoir.",
    notInService: "Ce numéro n'est pas attribué.",
    closedForNow: "Ce numéro ne peut pas recevoir d'appels pour le moment. Au revoir.",
    callerNotAccepted: "Ce numéro n'accepte pas les appels. Au revoir.",
    withheldNotAccepted:
      "Ce numéro n'accepte pas les appels masqués. Veuillez rappeler en affichant votre numéro.",
    cannotConnect:
      "Nous ne pouvons pas établir votre appel pour le moment. Veuillez réessayer dans quelques instants.",
    oneMoment: "Un instant, s'il vous plaît.",
  },
  it: {
    greeting: (company) => `Grazie per aver chiamato ${company}.`,
    leaveMessage: "La preghiamo di lasciare un messaggio dopo il segnale acustico.",
    nobodyThere: "Al momento nessuno può rispondere alla sua chiamata. Arrivederci.",
    nobodyThereLeaveMessage:
      "Al momento nessuno può rispondere alla sua chiamata. La preghiamo di lasciare un messaggio dopo il segnale acustico.",
    nothingHeard: "Non abbiamo sentito alcun messaggio. Arrivederci.",
    thanks: "Grazie. Arrivederci.",
    notInService: "Questo numero non è attivo.",
    closedForNow: "Al momento questo numero non può ricevere chiamate. Arrivederci.",
    callerNotAccepted: "Questo numero non accetta chiamate. Arrivederci.",
    withheldNotAccepted:
      "Questo numero non accetta chiamate da numeri nascosti. La preghiamo di richiamare mostrando il suo numero.",
    cannotConnect:
      "Al momento non possiamo collegare la sua chiamata. La preghiamo di riprovare tra poco.",
    oneMoment: "Un attimo, per favore.",
  },
  nl: {
    greeting: (company) => `Bedankt dat u belt met ${company}.`,
    leaveMessage: "Spreek na de pieptoon een bericht in.",
    nobodyThere: "Er kan nu niemand uw oproep beantwoorden. Tot ziens.",
    nobodyThereLeaveMessage:
      "Er kan nu niemand uw oproep beantwoorden. Spreek na de pieptoon een bericht in.",
    nothingHeard: "We hebben geen bericht gehoord. Tot ziens.",
    thanks: "Dank u wel. Tot ziens.",
    notInService: "Dit nummer is niet in gebruik.",
    closedForNow: "Dit nummer kan op dit moment geen oproepen ontvangen. Tot ziens.",
    callerNotAccepted: "Dit nummer accepteert geen oproepen. Tot ziens.",
    withheldNotAccepted:
      "Dit nummer accepteert geen oproepen van anonieme bellers. Bel alstublieft opnieuw met een zichtbaar nummer.",
    cannotConnect:
      "We kunnen uw oproep nu niet doorverbinden. Probeer het over enkele ogenblikken opnieuw.",
    oneMoment: "Een ogenblik, alstublieft.",
  },
  pl: {
    greeting: (company) => `Dziękujemy za telefon do firmy ${company}.`,
    leaveMessage: "Prosimy zostawić wiadomość po sygnale.",
    nobodyThere: "W tej chwili nikt nie może odebrać połączenia. Do usłyszenia.",
    nobodyThereLeaveMessage:
      "W tej chwili nikt nie może odebrać połączenia. Prosimy zostawić wiadomość po sygnale.",
    nothingHeard: "Nie usłyszeliśmy wiadomości. Do usłyszenia.",
    thanks: "Dziękujemy. Do usłyszenia.",
    notInService: "Ten numer jest nieaktywny.",
    closedForNow: "Ten numer nie może w tej chwili przyjmować połączeń. Do usłyszenia.",
    callerNotAccepted: "Ten numer nie przyjmuje połączeń. Do usłyszenia.",
    withheldNotAccepted:
      "Ten numer nie przyjmuje połączeń z numerów zastrzeżonych. Prosimy zadzwonić ponownie z widocznym numerem.",
    cannotConnect:
      "W tej chwili nie możemy połączyć rozmowy. Prosimy spróbować ponownie za chwilę.",
    oneMoment: "Prosimy chwilę zaczekać.",
  },
  pt: {
    greeting: (company) => `Obrigado por ligar para ${company}.`,
    leaveMessage: "Por favor, deixe uma mensagem após o sinal.",
    nobodyThere: "De momento ninguém pode atender a sua chamada. Adeus.",
    nobodyThereLeaveMessage:
      "De momento ninguém pode atender a sua chamada. Por favor, deixe uma mensagem após o sinal.",
    nothingHeard: "Não ouvimos nenhuma mensagem. Adeus.",
    thanks: "Obrigado. Adeus.",
    notInService: "Este número não está atribuído.",
    closedForNow: "De momento este número não pode receber chamadas. Adeus.",
    callerNotAccepted: "Este número não aceita chamadas. Adeus.",
    withheldNotAccepted:
      "Este número não aceita chamadas de números ocultos. Por favor, volte a ligar mostrando o seu número.",
    cannotConnect:
      "De momento não é possível estabelecer a sua chamada. Por favor, tente novamente dentro de momentos.",
    oneMoment: "Um momento, por favor.",
  },
};
