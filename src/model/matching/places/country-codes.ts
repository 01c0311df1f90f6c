/** Codes that are not ISO's, written in capitals: "UK" and Greece's in the European Union, and those of sports. */
export const COUNTRY_CODE_ALIASES: Readonly<Record<string, string>> = {
  UK: 'GB',
  EL: 'GR',
  GER: 'DE',
  ROM: 'RO',
  SUI: 'CH',
  NED: 'NL',
  DEN: 'DK',
  POR: 'PT',
  CRO: 'HR',
  ROI: 'IE',
}

/** A name that other countries share: a note in brackets that is not understood may mean another of them. */
export const SHARED_NAMES: ReadonlySet<string> = new Set([
  'KR',
  'KP',
  'CG',
  'CD',
  'SD',
  'WS',
  'GN',
  'MF',
  'SX',
  'GE',
  'IE',
  'CN',
  'TW',
  'VI',
  'VG',
])

/** By state, its parts that have a code of their own: `Hong Kong (China)`, `Puerto Rico, USA`. */
const PARTS: Readonly<Record<string, string>> = {
  CN: 'HK MO TW',
  US: 'PR GU VI AS MP UM',
  FR: 'MQ GP RE GF YT NC PF PM BL MF WF TF',
  DK: 'GL FO',
  NL: 'AW CW SX BQ',
  GB: 'GG JE IM GI BM KY FK VG AI TC MS SH PN IO GS',
  FI: 'AX',
  NO: 'SJ BV',
  AU: 'CC CX NF HM',
  NZ: 'CK NU TK',
}

export function isPartOf(part: string, state: string): boolean {
  return PARTS[state]?.includes(part) ?? false
}
