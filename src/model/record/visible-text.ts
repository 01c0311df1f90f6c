// Default_Ignorable_Code_Point holds joiners, byte order marks, soft hyphens, Hangul fillers and variation selectors; Cf the
// other format characters. The Braille blank is a letter by its class and shows nothing.
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}\u2800]|(?!\s)\p{Cc}/gu
const VISIBLE = /(?![\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}\u2800])\S/u
const NOT_ASCII = /[^ -~]/

/** The text without the characters that nobody sees, which copying from web pages and chats brings along. */
export function visibleText(text: string): string {
  return NOT_ASCII.test(text) ? text.replace(INVISIBLE, '') : text
}

/** True: a person sees nothing in it. */
export function isBlankText(text: string): boolean {
  const first = text.charCodeAt(0)
  // As nearly always: it begins with a letter, digit or mark of ASCII. An empty text has NaN there.
  return !(first > 32 && first < 127) && !VISIBLE.test(text)
}
