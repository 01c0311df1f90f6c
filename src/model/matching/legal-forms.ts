/**
 * Legal forms as they look after folding, single letters joined (`S.p.A.` is `spa`), by where they are from. Reviewed
 * 2026-12-01. Left out on purpose is what a name ends in for another reason at least as often: country and state codes
 * (`nl`, `de`, `eu`, `ca`, `ae`, `pa`, `na`), and words such as `me`, `is`, `pc`, `group` or `cooperative`.
 */
const WORDS_BY_PLACE = {
  'United States, Canada': `inc incorporated corp corporation co company llc lllp llp lp ltd limited pllc pbc ulc
    ltee limitee enr senc sencrl`,
  'Mexico, Central and South America': `sa srl sas sau sca spa sapi sapib sab sofom cv ltda limitada cia eireli
    eirl epp mei saci sacif saic sacifia sac saa saeca`,
  'United Kingdom, Ireland, Malta, Cyprus': `ltd limited plc llp lp cic cio cyf cyfyngedig dac clg ulc teo teoranta`,
  'Germany, Austria, Switzerland, Liechtenstein': `gmbh ggmbh mbh gesmbh ag aktiengesellschaft kg kgaa
    kommanditgesellschaft ohg og gbr ug haftungsbeschrankt ek ev eg se partg partgmbb mbb sagl`,
  'France, Belgium, Luxembourg, Monaco': `sa sarl sarls sas sasu snc scs sca scsp secs eurl selarl selas scop scic gie
    sprl scrl asbl nv bv bvba cvba vof vzw commv`,
  Netherlands: `nv bv vof cv`,
  'Spain, Portugal': `sa sl slu slne sll sal sau sccl aie lda limitada unipessoal unipersonal sgps crl`,
  'Italy, San Marino': `srl srls spa sapa sas snc ss scarl scrl scpa arl unipersonale`,
  'Denmark, Norway, Sweden, Finland, Iceland': `as aps ivs ks ps amba fmba aktieselskab anpartsselskab asa ans da enk
    nuf aksjeselskap ab aktiebolag publ hb kb ek oy oyj osakeyhtio ky ay osk tmi ehf hf ohf slf`,
  'Estonia, Latvia, Lithuania': `ou as sia uab ab mb vsi`,
  'Poland, Czechia, Slovakia, Hungary': `sp zoo oo spolka spzoo ska psa sro spol as vos ks zs kft zrt nyrt rt bt kkt
    kht`,
  'Slovenia, Croatia, Serbia, Bosnia, North Macedonia, Albania': `doo jdoo dd kd dno ad dooel sp shpk доо дооел ад`,
  'Romania, Moldova, Bulgaria': `srl sa snc scs pfa ood eood ad ead et оод еоод ад еад ет`,
  'Greece, Cyprus': `αε αεβε αβεε επε ικε μικε μεπε οε εε epe ike abee aebe`,
  Turkey: `as sti sirketi anonim`,
  'Ukraine, Russia, Belarus, Kazakhstan': `тов тзов пат прат ат фоп чп ооо оао зао пао нао ао ип тоо ooo oao zao pao nao
    ao tov`,
  'Australia, New Zealand, South Africa': `pty proprietary ltd limited`,
  'Japan, in Latin letters': `kk kabushiki kabushikigaisha kaisha gk godo yk yugen`,
  'Singapore, Malaysia, Indonesia, India': `pte pvt sdn bhd tbk opc`,
} as const

export const LEGAL_FORMS: ReadonlySet<string> = new Set(Object.values(WORDS_BY_PLACE).join(' ').split(/\s+/))

/** Forms of several words of which one alone may be part of a name. The longest of several that fit counts. */
export const LEGAL_PHRASES: readonly (readonly string[])[] = [
  'gesellschaft mit beschrankter haftung',
  'ges mbh',
  'partnerschaft mbb',
  'societe anonyme',
  'societe par actions simplifiee',
  'societe a responsabilite limitee',
  'sociedad anonima',
  'sociedad limitada',
  'sociedad de responsabilidad limitada',
  'sociedad por acciones',
  'sociedad por acciones simplificada',
  's de rl',
  'de cv',
  's en c',
  's coop',
  'ltda me',
  'eireli me',
  'sociedade anonima',
  'sociedade limitada',
  'sociedade unipessoal',
  'societa per azioni',
  'societa a responsabilita limitata',
  'societa cooperativa',
  'soc coop',
  'naamloze vennootschap',
  'besloten vennootschap',
  'sp j',
  'sp k',
  'sp p',
  'spolka akcyjna',
  'spolka jawna',
  'spolka komandytowa',
  'spolka z ograniczona odpowiedzialnoscia',
  'spolecnost s rucenim omezenym',
  'akciova spolecnost',
  'sh pk',
  'sh a',
  'sanayi ve ticaret',
  'san ve tic',
  'u co',
  'u co kg',
  'private limited',
  'private ltd',
  'public limited company',
  'limited liability company',
  'limited liability partnership',
]
  .map((phrase) => phrase.split(' '))
  .sort((a, b) => b.length - a.length)

/** Where the form is written before the name, as is usual in the Baltics, Russia, Finland and Indonesia. */
export const LEADING_FORMS: ReadonlySet<string> = new Set(
  'ооо оао зао пао нао ао ип тоо тов тзов пат прат фоп чп ooo oao zao pao tov too uab sia ou oy pt sarl eurl sasu'.split(
    ' ',
  ),
)

/** Romania's `S.C. Acme S.R.L.`: before the name only where one of these follows it, since `SC` begins clubs as well. */
export const FORMS_AFTER_SC: ReadonlySet<string> = new Set(['srl', 'sa', 'snc'])

/** In Chinese, Japanese and Korean before or after the name, without a space. Compared after NFKC, so `㈱` is `(株)`. */
export const ATTACHED_FORMS =
  /(?:株式会社|有限会社|合同会社|合資会社|合名会社|一般社団法人|一般財団法人|公益社団法人|公益財団法人|特定非営利活動法人|医療法人|\((?:株|有|同|資|名)\)|股份有限公司|有限责任公司|有限責任公司|有限公司|주식회사|유한회사|\((?:주|유)\))/gu
