/**
 * What people write into a name about the record and not about what it names: "(dupe)", "- Active", "DO NOT USE". Words that
 * are parts of names as well (Active Network, Old Navy) count only in brackets or behind a dash. Reviewed 2026-11-30.
 */
const SURE = `dupe|dupes|duplicate|duplicated|duplicates|duplicate record|duplicate account|duplicate contact|possible duplicate|
  do not use|do not use this|dont use|don't use|dnu|do not call|do not contact|do not email|to be deleted|please delete|delete me|
  mark for deletion|marked for deletion|to be merged|merged into|merged with|moved to|replaced by|merge me|please merge|nicht verwenden|nicht mehr verwenden|bitte löschen|
  dublette|duplikat|no usar|no utilizar|ne pas utiliser|doublon|doublons|non usare|não usar|nao usar|niet gebruiken`
/** Notes as well, but also words of names or short ones. */
const MARKED = `dup|to delete|dnc|doppelt|duplicado|duplicada|duplicato|dubbel|inactive|inaktiv|closed|obsolete|deleted|archived|
  merged|old|test|former|defunct|do not work`
const UNSURE = `active|inactive|inaktiv|aktiv|actif|inactif|activo|inactivo|old|alt|new|neu|closed|geschlossen|obsolete|outdated|
  deprecated|archived|archive|deleted|merged|merge|delete|copy|copia|kopie|copie|test|test account|test record|former|
  ex|ehemalig|customer|client|prospect|lead|partner|vendor|supplier|kunde|interessent|former customer|former client|
  past customer|lost|churned|on hold|out of business|defunct|bankrupt|insolvent|in liquidation|primary|main|master|
  master record|main account|keep|keep this one|use this one|use this|invalid|wrong|unqualified|do not work|see other|
  left company|no longer with company|no longer there|no longer works there|retired|deceased|ruhend|gesperrt|blocked`

const either = (words: string): string =>
  words
    .split('|')
    .map((word) => word.trim().replaceAll(/\s+/g, '[\\s_-]+'))
    .sort((a, b) => b.length - a.length)
    .join('|')
const EDGE = '(?<![\\p{L}\\p{N}])'
const END = '(?![\\p{L}\\p{N}])'

const IN_BRACKETS = new RegExp(
  `[([{<]\\s*[*!#\\s-]*(?:(?:${either(SURE)})${END}[^)\\]}>]*|(?:${either(`${MARKED}|${UNSURE}`)})[\\s\\d.,/:!*-]*)[)\\]}>]`,
  'giu',
)
const BEHIND_A_DASH = new RegExp(
  `(?:\\s+[-–—|:*]+\\s*|[*_|]+\\s*)(?:${either(`${SURE}|${MARKED}|${UNSURE}`)})[\\s*!.]*$`,
  'giu',
)
const BEFORE_A_DASH = new RegExp(`^[\\s*!#_-]*(?:${either(`${SURE}|${MARKED}`)})\\s*(?:[-–—|:*]+\\s+|[*_|:]+)`, 'giu')
const ANYWHERE = new RegExp(`${EDGE}(?:${either(SURE)})(?:\\s+(?:of|von|de)\\s+\\d+|\\s*#?\\d+)?${END}`, 'giu')
const LAST_IN_ORDER = /^z{2,}[\s_-]+/i

/** The name without such notes; the text as it is where nothing else is in it. */
export function withoutNotes(name: string): string {
  const rest = name
    .replaceAll(IN_BRACKETS, ' ')
    .replaceAll(ANYWHERE, ' ')
    .replaceAll(BEHIND_A_DASH, ' ')
    .replaceAll(BEFORE_A_DASH, ' ')
    .replace(LAST_IN_ORDER, '')
  return /[\p{L}\p{N}]/u.test(rest) ? rest : name
}

const ONLY_A_NOTE = new RegExp(`^[\\s*!#_()[\\]{}<>.-]*(?:${either(SURE)})[\\s*!#_()[\\]{}<>.-]*$`, 'iu')

/** True: the name says what to do with the record, and names nothing. */
export function isOnlyNote(name: string): boolean {
  return ONLY_A_NOTE.test(name)
}
