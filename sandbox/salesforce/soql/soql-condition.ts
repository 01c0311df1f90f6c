import type { FieldDefinition, ObjectDefinition } from '../catalog/object-definition.ts'
import { ApiError } from '../org/api-error.ts'
import { parseDate, parseDateTime } from '../org/field-value.ts'
import type { Org } from '../org/org.ts'
import { normaliseId } from '../org/record-id.ts'
import type { FieldValue, StoredRecord } from '../org/record-store.ts'
import { dateLiteralRange } from './date-literal.ts'
import { type FieldPath, resolvePath, valueAt } from './soql-path.ts'
import type { Comparison, Condition, SoqlLiteral, SoqlQuery } from './soql-syntax.ts'

export type Predicate = (record: StoredRecord) => boolean

/** Runs a sub-select of `IN (SELECT ...)`. Passed in, so that conditions and queries do not import each other. */
export type SubSelect = (query: SoqlQuery) => Set<FieldValue>

export function compileCondition(
  org: Org,
  object: ObjectDefinition,
  condition: Condition,
  subSelect: SubSelect,
): Predicate {
  switch (condition.kind) {
    case 'and': {
      const parts = condition.parts.map((part) => compileCondition(org, object, part, subSelect))
      return (record) => parts.every((part) => part(record))
    }
    case 'or': {
      const parts = condition.parts.map((part) => compileCondition(org, object, part, subSelect))
      return (record) => parts.some((part) => part(record))
    }
    case 'not': {
      const part = compileCondition(org, object, condition.part, subSelect)
      return (record) => !part(record)
    }
    case 'compare':
      return compileComparison(org, object, condition.path, condition.op, condition.value)
    case 'in': {
      const path = filterPath(org, object, condition.path)
      const values = new Set(condition.values.map((value) => comparable(literalValue(path, value))))
      return (record) => values.has(comparable(valueAt(org, record, path))) !== condition.negated
    }
    case 'inQuery': {
      const path = filterPath(org, object, condition.path)
      const values = subSelect(condition.query)
      return (record) => {
        const value = valueAt(org, record, path)
        return value === null ? false : values.has(value) !== condition.negated
      }
    }
  }
}

function filterPath(org: Org, object: ObjectDefinition, text: string): FieldPath {
  const path = resolvePath(org, object, text)
  if (path.field && !path.field.filterable) {
    throw new ApiError(400, 'INVALID_FIELD', `field '${path.fieldName}' can not be filtered in a query call`)
  }
  return path
}

/** Text compares case-insensitively, ids exactly. */
function comparable(value: FieldValue): FieldValue {
  return typeof value === 'string' && !isIdText(value) ? value.toLowerCase() : value
}

function isIdText(value: string): boolean {
  return value.length === 18 && normaliseId(value) === value
}

function compileComparison(
  org: Org,
  object: ObjectDefinition,
  text: string,
  op: Comparison,
  literal: SoqlLiteral,
): Predicate {
  const path = filterPath(org, object, text)
  if (op === 'LIKE') return compileLike(org, path, literal)
  if (literal.kind === 'dateLiteral') return compileDateLiteral(org, path, op, literal)
  const wanted = comparable(literalValue(path, literal))
  if (op === '=') return (record) => comparable(valueAt(org, record, path)) === wanted
  if (op === '!=') return (record) => comparable(valueAt(org, record, path)) !== wanted
  if (wanted === null) return () => false
  return (record) => {
    const value = comparable(valueAt(org, record, path))
    if (value === null) return false
    if (op === '<') return value < wanted
    if (op === '>') return value > wanted
    return op === '<=' ? value <= wanted : value >= wanted
  }
}

function compileLike(org: Org, path: FieldPath, literal: SoqlLiteral): Predicate {
  if (literal.kind !== 'string' || !path.field || !isText(path.field)) {
    throw new ApiError(400, 'INVALID_FIELD', `invalid operator on ${path.field?.type ?? 'field'} field`)
  }
  const pattern = literal.text.replace(/\\([_%])|([_%])|([.*+?^${}()|[\]\\/])/g, (_, escaped, wild, special) => {
    if (escaped) return escaped
    if (wild) return wild === '%' ? '[\\s\\S]*' : '[\\s\\S]'
    return `\\${special}`
  })
  const regex = new RegExp(`^${pattern}$`, 'i')
  return (record) => {
    const value = valueAt(org, record, path)
    return typeof value === 'string' && regex.test(value)
  }
}

function compileDateLiteral(
  org: Org,
  path: FieldPath,
  op: Comparison,
  literal: SoqlLiteral & { kind: 'dateLiteral' },
): Predicate {
  if (path.field?.type !== 'date' && path.field?.type !== 'datetime') throw wrongType(path, literal)
  const { fromMs, toMs } = dateLiteralRange(literal.name, literal.n, org.clock.now())
  return (record) => {
    const raw = valueAt(org, record, path)
    if (raw === null) return op === '!='
    const ms = typeof raw === 'number' ? raw : Date.parse(`${raw}T00:00:00Z`)
    if (op === '=') return ms >= fromMs && ms < toMs
    if (op === '!=') return ms < fromMs || ms >= toMs
    if (op === '<') return ms < fromMs
    if (op === '<=') return ms < toMs
    return op === '>' ? ms >= toMs : ms >= fromMs
  }
}

function isText(field: FieldDefinition): boolean {
  return ['string', 'textarea', 'picklist', 'combobox', 'phone', 'email', 'url'].includes(field.type)
}

function wrongType(path: FieldPath, literal: SoqlLiteral): ApiError {
  const type = path.field?.type === 'datetime' ? 'dateTime' : (path.field?.type ?? 'string')
  const quoted = literal.kind === 'string'
  const quoting = isTextLike(path.field) ? 'should be enclosed in quotes' : 'should not be enclosed in quotes'
  const known = quoted || isTextLike(path.field) ? ` and ${quoting}` : ''
  return new ApiError(
    400,
    'INVALID_FIELD',
    `value of filter criterion for field '${path.fieldName}' must be of type ${type}${known}`,
  )
}

function isTextLike(field: FieldDefinition | null): boolean {
  return !field || isText(field) || field.type === 'id' || field.type === 'reference'
}

/** The literal in the field's stored form. Throws for a literal of the wrong kind. */
function literalValue(path: FieldPath, literal: SoqlLiteral): FieldValue {
  if (literal.kind === 'null') return null
  const field = path.field
  if (!field || isText(field)) {
    if (literal.kind !== 'string') throw wrongType(path, literal)
    return literal.text === '' ? null : literal.text
  }
  switch (field.type) {
    case 'id':
    case 'reference': {
      if (literal.kind !== 'string') throw wrongType(path, literal)
      if (literal.text === '') return null
      const id = normaliseId(literal.text)
      if (id === null) throw new ApiError(400, 'INVALID_QUERY_FILTER_OPERATOR', `invalid ID field: ${literal.text}`)
      return id
    }
    case 'boolean':
      if (literal.kind !== 'boolean') throw wrongType(path, literal)
      return literal.value
    case 'date': {
      const day = literal.kind === 'date' ? parseDate(literal.text) : null
      if (day === null) throw wrongType(path, literal)
      return day
    }
    case 'datetime': {
      const ms = literal.kind === 'datetime' ? parseDateTime(literal.text) : null
      if (ms === null) throw wrongType(path, literal)
      return ms
    }
    default:
      if (literal.kind !== 'number') throw wrongType(path, literal)
      return literal.value
  }
}
