import type { Language } from './country.ts'

/** Free e-mail domains by the language of the people who use them. */
export const FREE_MAIL: Readonly<Record<Language, readonly string[]>> = {
  en: ['gmail.com', 'outlook.com', 'yahoo.com', 'hotmail.com', 'icloud.com'],
  de: ['gmx.de', 'web.de', 'gmail.com', 't-online.de'],
  fr: ['orange.fr', 'free.fr', 'gmail.com', 'laposte.net'],
  nl: ['gmail.com', 'hotmail.com', 'ziggo.nl'],
  sv: ['gmail.com', 'hotmail.com', 'outlook.com'],
  no: ['gmail.com', 'hotmail.com', 'outlook.com'],
  da: ['gmail.com', 'hotmail.com', 'outlook.com'],
  fi: ['gmail.com', 'hotmail.com', 'outlook.com'],
  es: ['gmail.com', 'hotmail.com', 'yahoo.es'],
  pt: ['gmail.com', 'hotmail.com', 'sapo.pt'],
  it: ['libero.it', 'gmail.com', 'virgilio.it'],
  pl: ['wp.pl', 'o2.pl', 'gmail.com', 'onet.pl'],
  cs: ['seznam.cz', 'gmail.com', 'centrum.cz'],
  hu: ['freemail.hu', 'gmail.com'],
  ro: ['gmail.com', 'yahoo.com'],
  el: ['gmail.com', 'yahoo.gr'],
  ja: ['gmail.com', 'yahoo.co.jp'],
}
