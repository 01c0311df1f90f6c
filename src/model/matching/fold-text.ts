import anyAscii from 'any-ascii'

const NOT_ASCII = /[^ -~]/
// Only Latin and Greek carry accents that people leave out. Stripping marks everywhere would turn が into か.
const ACCENTED = /[\p{Script=Latin}\p{M}]+/gu
const GREEK = /\p{Script=Greek}+/gu

/** Text for comparing names: lower case, full-width and accented letters made plain (`Łukasz`, `ß`, `ﾃｽﾄ`), other scripts kept. */
export function foldText(text: string): string {
  if (!NOT_ASCII.test(text)) return text.toLowerCase()
  return text
    .normalize('NFC')
    .replace(GREEK, (run) => run.normalize('NFD').replace(/\p{M}/gu, ''))
    .normalize('NFKC')
    .replace(ACCENTED, (run) => (/\p{Script=Latin}/u.test(run) ? anyAscii(run) : run))
    .toLowerCase()
}

/** Words of the text, without punctuation. */
export function foldedWords(text: string): string[] {
  return foldText(text).match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
}
