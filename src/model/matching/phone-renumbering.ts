/**
 * The one form of a line that is written in several, because a country renumbered or because mobile numbers are dialed
 * differently from abroad. `national` is the number without its country code. Sources: the national numbering plans as
 * published by the ITU (operational bulletins), reviewed 2026-11-30.
 */
export function presentForm(callingCode: string, national: string): string {
  return FORMS[callingCode]?.(national) ?? national
}

const FORMS: Readonly<Record<string, (national: string) => string | undefined>> = {
  '55': brazil,
  '54': argentina,
  '52': mexico,
  '225': ivoryCoast,
  '229': (national) => (national.length === 8 ? `01${national}` : undefined),
  '84': vietnam,
}

/** Mobile numbers got a 9 in front between 2012 and 2016; those of eight digits began with 6 to 9. */
function brazil(national: string): string | undefined {
  return /^[1-9]{2}[6-9]\d{7}$/.test(national) ? `${national.slice(0, 2)}9${national.slice(2)}` : undefined
}

/** The 9 is dialed from abroad before a mobile's area code, the 15 at home after it. */
function argentina(national: string): string | undefined {
  const bare = national.replace(/^9(?=\d{10})/, '')
  if (bare.length === 10) return bare
  // 11, 3 and 4 digits of area code; each number has ten digits with it.
  const withFifteen = /^(11|[236]\d{2}|[236]\d{3})15(\d{6,8})$/.exec(bare)
  return withFifteen !== null && `${withFifteen[1]}${withFifteen[2]}`.length === 10
    ? `${withFifteen[1]}${withFifteen[2]}`
    : undefined
}

/** Until 2019 a 1 was dialed before mobiles from abroad, 01, 044 and 045 at home. */
function mexico(national: string): string | undefined {
  const bare = national.replace(/^(?:1|01|044|045)(?=\d{10}$)/, '')
  return bare.length === 10 ? bare : undefined
}

/** In 2021 each number of eight digits got the two of its operator; its second digit names it. */
function ivoryCoast(national: string): string | undefined {
  if (!/^[04-9]\d{7}$/.test(national)) return undefined
  const operator = { 0: '01', 1: '01', 2: '01', 3: '01', 4: '05', 5: '05', 6: '05', 7: '07', 8: '07', 9: '07' }
  return `${operator[Number(national[1]) as keyof typeof operator]}${national}`
}

const VIETNAM: Readonly<Record<string, string>> = {
  120: '70',
  121: '79',
  122: '77',
  126: '76',
  128: '78',
  123: '83',
  124: '84',
  125: '85',
  127: '81',
  129: '82',
  162: '32',
  163: '33',
  164: '34',
  165: '35',
  166: '36',
  167: '37',
  168: '38',
  169: '39',
  186: '56',
  188: '58',
  199: '59',
}

/** In 2018 mobile numbers of ten digits lost one. */
function vietnam(national: string): string | undefined {
  const prefix = VIETNAM[national.slice(0, 3)]
  return national.length === 10 && prefix !== undefined ? `${prefix}${national.slice(3)}` : undefined
}
