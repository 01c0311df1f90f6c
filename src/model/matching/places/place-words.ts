import { foldedWords } from '../fold-text.ts'

/** Words that join the parts of a name, in the languages of `country-names.ts`. People leave them out or translate them. */
const JOINERS: ReadonlySet<string> = new Set(
  (
    'the of and a an in part und der die das den des von et le la les l de du d el los las y e i o os as do da dos di ' +
    'dello della delle degli dei il lo gli het og och ja az si ir en van ve ile na a die det η ο οι το τα του της των ' +
    'και и و في από من'
  ).split(' '),
)

/** Spelled out, so that both forms are one: `St. Lucia`, `Cayman Is.`, `Dem. Rep. of Congo`. */
const SHORT_FORMS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    st: 'saint',
    ste: 'saint',
    sankt: 'saint',
    sint: 'saint',
    is: 'islands',
    isl: 'islands',
    island: 'islands',
    isles: 'islands',
    rep: 'republic',
    dem: 'democratic',
    fed: 'federated',
    terr: 'territory',
  }),
)

/**
 * What kind of state a country calls itself, which official names put before, after or in brackets beside the name:
 * `Republic of`, `Plurinational State of`, `Islamische Republik`. Beginnings of folded words.
 */
const FORM = new RegExp(
  `^(${[
    'republi[ckq]\\w*|bundesrepubli\\w*|republiek|republika|repubblica|respublik\\w*|koztarsasag\\w*|tasavalta\\w*|cumhuriyeti?|staat\\w*|states?',
    'staten|stat|stats|statul|statele|statii|stato|stati|estados?|etats?|stan|panstwo|stat\\w?|valtio|allam|devleti|independent|independente?',
    'kingdom|konigreich|konungariket|kongeriket|kongeriget|royaume|reino|regno|koninkrijk|krolestwo|kralovstvi|regatul',
    'principality|sultanate|hashemite|haschemitisch\\w*|grand|duchy|commonwealth|union|unione|uniao|territory|province?|provincia',
    'provins\\w?|provinz|prowincja|provincie|tartomany|eyaleti|maakunta|chinese|chinesisch\\w*|china|chine|kinesisk\\w*|kina|kinas|kiinan|chinska|ciny|kinai|cin',
    'special|administrative|region|sar|rae|islam\\w*|iszlam|islamilainen|bolivar\\w*|boliwarianska|plurina\\w*|wielonarodowe',
    'multination\\w*|mangnationella|flernasjonale|monikansallinen|mnohonarodni|tobbnemzetisegu|cokuluslu|federa\\w*|foderati\\w*',
    'foderert\\w*|forderasjon\\w*|foderasjonen|foderasjon|federativni|federate|federale|forbunds\\w*|allamszovetseg|federe|devletleri',
    'socialis\\w*|sozialis\\w*|arab|arabe|araba|arabiske|arabische|arabic|arabska|unit\\w*|unid[ao]s?|verenigde|vereinigte|forenede|forenade',
    'forente|zjednoczona|sjednocena|spojena|egyesult|birlesik|unita|uniti|lidove|darussalam|dar|\\w*arabrepubliken|tartomanya|fmr|former',
    'δημοκρατια|πολιτεια|πολιτειες|πολυεθνικη|ομοσπονδες|ομοσπονδια|ενωμενη|ηνωμενη|ισλαμικη|αραβικη|βασιλειο|επαρχια|κινας|κρατος|μπολιβαριανη',
    'βολιβαριανη|νταρουσαλαμ|республика|республики|государство|федерация|исламская|арабская|боливарианская|объединенная|королевство|провинция|даруссалам',
    'جمهوري[هة]?|دول[هة]|اسلامي[هة]|متحد[هة]|عربي[هة]|ولايات|مملك[هة]|بوليفاري[هة]|محافظ[هة]|صيني[هة]|سلام',
    'islands?|isla|islas|ilhas?|iles?|isole|isola|inseln?|oarna|oar|oerne|oer|oya|oyene|eilanden|eiland|saaret|wyspy|wyspa|ostrovy|ostrov|ostrow|szigetek|sziget|insulele|insula|adalari|adasi',
    'νησοι|νησια|νησος|остров|острова|о-ва|جزر|جزير[هة]',
  ].join('|')})$`,
  'u',
)

/** Tells the two Koreas, the two Congos and the two Chinas apart, in the long names of every language. */
const PEOPLES = new RegExp(
  `^(${[
    'people|peoples|volks\\w*|\\w*volksrepubli\\w*|folk\\w*|popul\\w*|lud\\w*|lidov\\w*|nepi|halk|kansan\\w*|poporului|λαικη|λαοκρατικη|народ\\w*|شعبي[هة]|\\w*democr\\w*|\\w*demokr\\w*|демократическая|δημοκρατικη|λαικη|ديمو?قراطي[هة]|ديموكراتي[هة]|ludowodemokratyczna',
    'народно|النديموقراطي[هة]',
  ].join('|')})$`,
  'u',
)

/** Words of a place's name as they are compared: folded, short forms spelled out, without the words that only join. */
export function placeWords(text: string): string[] {
  const plain = text
    .normalize('NFKC')
    .replaceAll('&', ' and ')
    .replaceAll(/\b([NSEW])\.(?=\p{L}{3})/giu, '$1 ')
    // `St.Lucia` and `P.R.China` are two words, `U.S.A.` is one.
    .replaceAll(/\.(?=\p{L}{2})/gu, ' ')
    .replaceAll('.', '')
    .replaceAll(/[\p{Cf}\u0640\u064b-\u0652]/gu, '')
    .replaceAll(/[أإآ]/g, 'ا')
    .replaceAll('ى', 'ي')
    .replaceAll('ة', 'ه')
    .replaceAll(/ё/gi, 'е')
  const words = foldedWords(
    plain.replaceAll(
      /(?<=[\u3040-\u9fff\uac00-\ud7af\u0e00-\u0e7f])[\s・]+(?=[\u3040-\u9fff\uac00-\ud7af\u0e00-\u0e7f])/gu,
      '',
    ),
  )
  return words.map(spelledOut).filter((word) => !JOINERS.has(word))
}

/** Only as the first word: `S. Korea`, `N. Ireland`. */
const DIRECTIONS: ReadonlyMap<string, string> = new Map([
  ['n', 'north'],
  ['s', 'south'],
  ['e', 'east'],
  ['w', 'west'],
])

function spelledOut(written: string, place: number): string {
  const direction = place === 0 ? DIRECTIONS.get(written) : undefined
  if (direction !== undefined) return direction
  const known = SHORT_FORMS.get(written)
  if (known !== undefined) return known
  // Arabic writes "and" and "the" onto the word that follows.
  const word = place > 0 && written.startsWith('و') && written.length > 3 ? written.slice(1) : written
  return word.startsWith('ال') && word.length > 4 ? word.slice(2) : word
}

/** The name as one text, in the order in which it was written. */
export function nameKey(text: string): string {
  return placeWords(text).join(' ')
}

/** The same whatever the order: `Korea, Republic of` and `Republic of Korea`. */
export function anyOrderKey(words: readonly string[]): string {
  return words.length === 1 ? words[0]! : words.toSorted().join(' ')
}

/** The same in scripts that write no spaces between words. */
const UNSPACED = /[\p{Script=Han}\p{Script=Thai}\p{Script=Hangul}\p{Script=Katakana}]/u
const UNSPACED_FORM =
  /共和国|共和國|伊斯兰|伊斯蘭|阿拉伯|玻利瓦尔|玻利瓦爾|多民族国|多民族國|联合|聯合|連合|联邦|聯邦|連邦|สาธารณรัฐ|สหพันธรัฐ|รัฐพหุชาติ|อิสลาม|อาหรับ|โบลีวาร์แห่ง|จังหวัดของจีน|ประเทศ|หมู่เกาะ|เกาะ|공화국|연방|이슬람|아랍|볼리바르|다국가|연합국|다루살람|중국령|제도|섬|群島|群岛|諸島|(?<!\S)(?:รัฐ|สห)(?!รัฐ)/gu
const UNSPACED_PEOPLES = /人民|民主|主义|主義|ประชาธิปไตย|ประชาชน|인민|민주주의/gu

/** What is left of a long name without the kind of state, and whether that kind was a people's or democratic one. */
export function coreOf(words: readonly string[]): {
  readonly core: string
  readonly form: 'plain' | 'state' | 'peoples'
} {
  const isPeoples = words.some(
    (word) => PEOPLES.test(word) || (UNSPACED.test(word) && word.search(UNSPACED_PEOPLES) >= 0),
  )
  const rest = words
    .filter((word) => !FORM.test(word) && !PEOPLES.test(word))
    .map((word) => (UNSPACED.test(word) ? word.replaceAll(UNSPACED_PEOPLES, '').replaceAll(UNSPACED_FORM, '') : word))
    .filter((word) => word !== '')
  const core = anyOrderKey(rest)
  return { core, form: core === anyOrderKey(words) ? 'plain' : isPeoples ? 'peoples' : 'state' }
}
