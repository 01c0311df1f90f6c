import anyAscii from 'any-ascii'

// Only Latin and Greek carry accents that people leave out. Stripping marks everywhere would turn が into か.
const ACCENTED = /[\p{Script=Latin}\p{M}]+/gu
const GREEK = /\p{Script=Greek}+/gu

/** Letters without accents, full width and ligatures: `Łukasz`, `ß`, `İ`, `ﾃｽﾄ`. Other scripts are kept. */
export function plainLetters(text: string): string {
  return text
    .normalize('NFC')
    .replace(GREEK, (run) => run.normalize('NFD').replace(/\p{M}/gu, ''))
    .normalize('NFKC')
    .replace(ACCENTED, (run) => (/\p{Script=Latin}/u.test(run) ? anyAscii(run) : run))
}
