import {
  type AggregateFunction,
  type Comparison,
  type Condition,
  malformed,
  pointAt,
  type SelectItem,
  type SoqlLiteral,
  type SoqlQuery,
  type Token,
  tokenize,
} from './soql-syntax.ts'

const AGGREGATES = new Set(['COUNT', 'COUNT_DISTINCT', 'MIN', 'MAX', 'SUM', 'AVG'])
const CLAUSE_WORDS = new Set(['WHERE', 'WITH', 'GROUP', 'ORDER', 'LIMIT', 'OFFSET', 'FOR', 'ALL', 'USING', 'HAVING'])
const DATE_LITERAL =
  /^(YESTERDAY|TODAY|TOMORROW|(?:LAST|THIS|NEXT)_(?:WEEK|MONTH|QUARTER|YEAR|90_DAYS)|(?:LAST|NEXT)_N_(?:DAYS|WEEKS|MONTHS|YEARS)|N_DAYS_AGO)$/
const NESTING_MAX = 50

export function parseSoql(soql: string): SoqlQuery {
  const parser = new SoqlParser(soql)
  const query = parser.query()
  parser.end()
  return query
}

class SoqlParser {
  private readonly soql: string
  private readonly tokens: readonly Token[]
  private at = 0
  private depth = 0

  constructor(soql: string) {
    this.soql = soql
    this.tokens = tokenize(soql)
  }

  query(): SoqlQuery {
    this.expectWord('SELECT')
    const select = [this.selectItem()]
    while (this.takeSymbol(',')) select.push(this.selectItem())
    this.expectWord('FROM')
    const from = this.name()
    if (this.peekName()) this.at++ // alias of the object; paths below are cut of it
    const alias = this.tokens[this.at - 1]!.text
    const strip = (path: string): string => {
      const lower = path.toLowerCase()
      for (const name of [alias, from])
        if (lower.startsWith(`${name.toLowerCase()}.`)) return path.slice(name.length + 1)
      return path
    }
    if (this.takeWord('USING')) {
      this.expectWord('SCOPE')
      this.name()
    }
    const where = this.takeWord('WHERE') ? this.or(strip) : null
    if (this.takeWord('WITH')) this.name() // SECURITY_ENFORCED, USER_MODE: our users see everything
    const groupBy: string[] = []
    if (this.takeWord('GROUP')) {
      this.expectWord('BY')
      do groupBy.push(strip(this.name()))
      while (this.takeSymbol(','))
    }
    const orderBy = this.orderBy(strip)
    const limit = this.takeWord('LIMIT') ? this.count() : null
    const offset = this.takeWord('OFFSET') ? this.count() : 0
    while (this.takeWord('FOR')) this.name()
    const allRows = this.takeWord('ALL')
    if (allRows) this.expectWord('ROWS')
    return {
      select: select.map((item) => stripItem(item, strip)),
      from,
      where,
      groupBy,
      orderBy,
      limit,
      offset,
      allRows,
    }
  }

  end(): void {
    if (this.at < this.tokens.length) throw this.unexpected()
  }

  private selectItem(): SelectItem {
    if (this.peekSymbol('(')) {
      throw malformed(
        pointAt(this.soql, this.tokens[this.at]!.at, 'Sub-selects in the field list are not available here'),
      )
    }
    const word = this.name()
    const upper = word.toUpperCase()
    if (!this.peekSymbol('(')) {
      const alias = this.peekName() ? this.name() : null
      return { kind: 'field', path: word, alias }
    }
    this.at++
    if (upper === 'FIELDS') {
      const which = this.name().toUpperCase()
      this.expectSymbol(')')
      if (which !== 'ALL' && which !== 'STANDARD' && which !== 'CUSTOM') throw malformed(`unexpected token: '${which}'`)
      return { kind: 'allFields', which }
    }
    if (!AGGREGATES.has(upper)) throw malformed(`unexpected token: '${word}'`)
    const path = this.peekSymbol(')') ? null : this.name()
    this.expectSymbol(')')
    if (path === null && upper !== 'COUNT') throw malformed(`unexpected token: ')'`)
    const alias = this.peekName() ? this.name() : null
    return { kind: 'aggregate', fn: upper as AggregateFunction, path, alias }
  }

  private orderBy(strip: (path: string) => string): SoqlQuery['orderBy'] {
    const order: { path: string; descending: boolean; nullsLast: boolean }[] = []
    if (!this.takeWord('ORDER')) return order
    this.expectWord('BY')
    do {
      const path = strip(this.name())
      const descending = this.takeWord('DESC')
      if (!descending) this.takeWord('ASC')
      let nullsLast = false
      if (this.takeWord('NULLS')) {
        nullsLast = this.takeWord('LAST')
        if (!nullsLast) this.expectWord('FIRST')
      }
      order.push({ path, descending, nullsLast })
    } while (this.takeSymbol(','))
    return order
  }

  /** SOQL requires parentheses where AND and OR meet on one level. */
  private or(strip: (path: string) => string): Condition {
    if (++this.depth > NESTING_MAX) throw malformed('Expressions are nested too deeply')
    const parts = [this.not(strip)]
    let joiner: 'AND' | 'OR' | null = null
    for (;;) {
      const next = this.takeWord('AND') ? 'AND' : this.takeWord('OR') ? 'OR' : null
      if (next === null) break
      if (joiner !== null && next !== joiner)
        throw malformed(pointAt(this.soql, this.tokens[this.at - 1]!.at, `unexpected token: '${next}'`))
      joiner = next
      parts.push(this.not(strip))
    }
    this.depth--
    return parts.length === 1 ? parts[0]! : { kind: joiner === 'OR' ? 'or' : 'and', parts }
  }

  private not(strip: (path: string) => string): Condition {
    if (this.takeWord('NOT')) return { kind: 'not', part: this.primary(strip) }
    return this.primary(strip)
  }

  private primary(strip: (path: string) => string): Condition {
    if (this.takeSymbol('(')) {
      const inner = this.or(strip)
      this.expectSymbol(')')
      return inner
    }
    const path = strip(this.name())
    const negated = this.takeWord('NOT')
    if (negated) this.expectWord('IN')
    if (negated || this.takeWord('IN')) return this.inList(path, negated)
    if (this.takeWord('LIKE')) return { kind: 'compare', path, op: 'LIKE', value: this.literal() }
    const token = this.tokens[this.at]
    if (token?.kind !== 'symbol' || !['=', '!=', '<', '>', '<=', '>='].includes(token.text)) throw this.unexpected()
    this.at++
    return { kind: 'compare', path, op: token.text as Comparison, value: this.literal() }
  }

  private inList(path: string, negated: boolean): Condition {
    this.expectSymbol('(')
    if (this.tokens[this.at]?.text.toUpperCase() === 'SELECT') {
      const query = this.query()
      this.expectSymbol(')')
      return { kind: 'inQuery', path, negated, query }
    }
    const values = [this.literal()]
    while (this.takeSymbol(',')) values.push(this.literal())
    this.expectSymbol(')')
    return { kind: 'in', path, negated, values }
  }

  private literal(): SoqlLiteral {
    const token = this.tokens[this.at]
    if (!token || token.kind === 'symbol') throw this.unexpected()
    this.at++
    if (token.kind === 'string') return { kind: 'string', text: token.text }
    if (token.kind === 'number') return { kind: 'number', value: Number(token.text) }
    if (token.kind === 'date') return { kind: token.text.includes('T') ? 'datetime' : 'date', text: token.text }
    const upper = token.text.toUpperCase()
    if (upper === 'TRUE' || upper === 'FALSE') return { kind: 'boolean', value: upper === 'TRUE' }
    if (upper === 'NULL') return { kind: 'null' }
    if (!DATE_LITERAL.test(upper)) {
      this.at--
      throw this.unexpected()
    }
    const counted = upper.includes('_N_') || upper.startsWith('N_')
    if (counted) this.expectSymbol(':')
    return { kind: 'dateLiteral', name: upper, n: counted ? this.count() : null }
  }

  private count(): number {
    const token = this.tokens[this.at]
    if (token?.kind !== 'number' || !/^\d+$/.test(token.text)) throw this.unexpected()
    this.at++
    return Number(token.text)
  }

  private name(): string {
    const token = this.tokens[this.at]
    if (token?.kind !== 'word') throw this.unexpected()
    this.at++
    return token.text
  }

  private peekName(): boolean {
    const token = this.tokens[this.at]
    return token?.kind === 'word' && !CLAUSE_WORDS.has(token.text.toUpperCase()) && token.text.toUpperCase() !== 'FROM'
  }

  private peekSymbol(symbol: string): boolean {
    const token = this.tokens[this.at]
    return token?.kind === 'symbol' && token.text === symbol
  }

  private takeSymbol(symbol: string): boolean {
    if (!this.peekSymbol(symbol)) return false
    this.at++
    return true
  }

  private expectSymbol(symbol: string): void {
    if (!this.takeSymbol(symbol)) throw this.unexpected()
  }

  private takeWord(word: string): boolean {
    const token = this.tokens[this.at]
    if (token?.kind !== 'word' || token.text.toUpperCase() !== word) return false
    this.at++
    return true
  }

  private expectWord(word: string): void {
    if (!this.takeWord(word)) throw this.unexpected()
  }

  private unexpected(): Error {
    const token = this.tokens[this.at]
    return malformed(pointAt(this.soql, token?.at ?? this.soql.length, `unexpected token: '${token?.text ?? '<EOF>'}'`))
  }
}

function stripItem(item: SelectItem, strip: (path: string) => string): SelectItem {
  if (item.kind === 'allFields' || item.path === null) return item
  return { ...item, path: strip(item.path) }
}
