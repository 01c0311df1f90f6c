import { ApiError } from '../org/api-error.ts'

/** The syntax tree of the supported SOQL. Everything else is refused with the vendor's errors. */
export type SoqlLiteral =
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }
  | { readonly kind: 'date'; readonly text: string }
  | { readonly kind: 'datetime'; readonly text: string }
  | { readonly kind: 'dateLiteral'; readonly name: string; readonly n: number | null }

export type Comparison = '=' | '!=' | '<' | '>' | '<=' | '>=' | 'LIKE'

export type Condition =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Condition[] }
  | { readonly kind: 'not'; readonly part: Condition }
  | { readonly kind: 'compare'; readonly path: string; readonly op: Comparison; readonly value: SoqlLiteral }
  | { readonly kind: 'in'; readonly path: string; readonly negated: boolean; readonly values: readonly SoqlLiteral[] }
  | { readonly kind: 'inQuery'; readonly path: string; readonly negated: boolean; readonly query: SoqlQuery }

export type AggregateFunction = 'COUNT' | 'COUNT_DISTINCT' | 'MIN' | 'MAX' | 'SUM' | 'AVG'

export type SelectItem =
  | { readonly kind: 'field'; readonly path: string; readonly alias: string | null }
  | { readonly kind: 'allFields'; readonly which: 'ALL' | 'STANDARD' | 'CUSTOM' }
  | {
      readonly kind: 'aggregate'
      readonly fn: AggregateFunction
      readonly path: string | null
      readonly alias: string | null
    }

export type SoqlQuery = {
  readonly select: readonly SelectItem[]
  readonly from: string
  readonly where: Condition | null
  readonly groupBy: readonly string[]
  readonly orderBy: readonly { readonly path: string; readonly descending: boolean; readonly nullsLast: boolean }[]
  readonly limit: number | null
  readonly offset: number
  readonly allRows: boolean
}

export type Token = {
  readonly kind: 'word' | 'string' | 'number' | 'date' | 'symbol'
  readonly text: string
  readonly at: number
}

const STATEMENT_MAX = 100_000 // characters (SOQL reference, limits)
const LITERAL_MAX = 4_000 // characters in a WHERE string (SOQL reference, limits)

const TOKEN =
  /\s+|'((?:[^'\\]|\\[\s\S])*)'|(\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2}))?)|([+-]?\d+(?:\.\d+)?(?![\w.]))|([A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)*)|(<=|>=|!=|<>|[=<>(),:])/gy

export function malformed(message: string): ApiError {
  return new ApiError(400, 'MALFORMED_QUERY', message)
}

/** Points at the place of the error, as Salesforce's messages do. */
export function pointAt(soql: string, at: number, message: string): string {
  const start = Math.max(0, at - 30)
  return `\n${soql.slice(start, at + 30)}\n${' '.repeat(at - start)}^\nERROR at Row:1:Column:${at + 1}\n${message}`
}

export function tokenize(soql: string): Token[] {
  if (soql.length > STATEMENT_MAX) throw malformed(`SOQL statements cannot be longer than ${STATEMENT_MAX} characters.`)
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  let at = 0
  while (at < soql.length) {
    TOKEN.lastIndex = at
    const match = TOKEN.exec(soql)
    if (!match) {
      const bad = soql[at] === "'" ? '<EOF>' : soql[at]
      throw malformed(pointAt(soql, at, `unexpected token: '${bad}'`))
    }
    const [whole, string, date, number, word, symbol] = match
    if (string !== undefined) tokens.push({ kind: 'string', text: unescapeLiteral(string, soql, at), at })
    else if (date !== undefined) tokens.push({ kind: 'date', text: date, at })
    else if (number !== undefined) tokens.push({ kind: 'number', text: number, at })
    else if (word !== undefined) tokens.push({ kind: 'word', text: word, at })
    else if (symbol !== undefined) tokens.push({ kind: 'symbol', text: symbol === '<>' ? '!=' : symbol, at })
    at += whole.length
  }
  return tokens
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  N: '\n',
  r: '\r',
  R: '\r',
  t: '\t',
  T: '\t',
  b: '\b',
  B: '\b',
  f: '\f',
  F: '\f',
  '"': '"',
  "'": "'",
  '\\': '\\',
}

function unescapeLiteral(raw: string, soql: string, at: number): string {
  if (raw.length > LITERAL_MAX) throw malformed(`String literal is longer than ${LITERAL_MAX} characters`)
  return raw.replace(/\\(u[0-9a-fA-F]{4}|[\s\S])/g, (whole, code: string) => {
    // `\_` and `\%` matter to LIKE only, which handles them later.
    if (code === '_' || code === '%') return whole
    if (code.length === 5) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
    const character = ESCAPES[code]
    if (character === undefined)
      throw malformed(
        pointAt(soql, at, `Invalid string literal '${raw}'. Illegal character sequence '\\${code}' in string literal.`),
      )
    return character
  })
}
