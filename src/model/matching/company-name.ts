import { foldedWords, foldText } from './fold-text.ts'

/** Legal forms as they look after folding, single letters joined. Only words that carry no name of their own. */
const LEGAL_FORMS: ReadonlySet<string> = new Set(
  `inc incorporated corp corporation co company ltd limited llc lllp llp lp plc pty pte pvt gmbh mbh ag kg kgaa ohg gbr ug
  ek ev se eg haftungsbeschrankt sa sarl sas sasu sau snc scs sca eurl sl slu slne srl srls spa sapa sas scarl scrl
  nv bv bvba vof cv cvba vzw ab hb kb as asa ans da enk aps ks is oy oyj ky ay oo zoo sp spolka sro as vos kft zrt nyrt
  bt kkt doo dd ad ood eood oao ooo zao pao ao ltda eireli me epp mei sadecv sapi cv sab de kk gk godo kaisha
  kabushiki αε επε ικε οε εε ооо оао зао пао ао ип тоо чп тов еоод оод ад`.split(/\s+/),
)
// Written before or after the name, and often without a space.
const ATTACHED_FORMS =
  /(?:株式会社|有限会社|合同会社|合資会社|一般社団法人|\(株\)|（株）|㈱|有限公司|股份有限公司|주식회사|\(주\))/gu
const JOINERS: ReadonlySet<string> = new Set(['and', 'und', 'et', 'y', 'e', 'og', 'och', 'en'])

/** A company's name for comparing: folded, without punctuation and legal form, words sorted. Blank: ''. */
export function companyNameKey(name: string | null | undefined): string {
  if (name == null) return ''
  const words = joinLetters(foldedWords(foldText(name.replace(ATTACHED_FORMS, ' '))))
  let end = words.length
  // From the end only: "Limited Brands Inc." keeps its Limited.
  while (end > 1 && (LEGAL_FORMS.has(words[end - 1]!) || JOINERS.has(words[end - 1]!))) end--
  return words.slice(0, end).sort().join(' ')
}

/** `s a` and `n v` are how `S.A.` and `N.V.` come apart. */
function joinLetters(words: readonly string[]): string[] {
  const joined: string[] = []
  let letters = ''
  for (const word of words) {
    if (word.length === 1 && /[a-zα-ωа-я]/.test(word)) {
      letters += word
      continue
    }
    if (letters !== '') joined.push(letters)
    letters = ''
    joined.push(word)
  }
  if (letters !== '') joined.push(letters)
  return joined
}
