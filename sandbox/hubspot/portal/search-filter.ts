import { invalid } from './api-error.ts'
import { findObjectType, type ObjectTypeName, objectType } from './object-type.ts'
import type { Portal } from './portal.ts'
import type { PropertyDefinition } from './property-definition.ts'
import { type RecordView, wireValue } from './stored-record.ts'

export type CompiledFilter = (record: RecordView) => boolean

type Filter = {
  readonly propertyName?: unknown
  readonly operator?: unknown
  readonly value?: unknown
  readonly highValue?: unknown
  readonly values?: unknown
}

/** Turns a search filter into a test of a record. Throws HubSpot's 400 for an invalid filter. */
export function compileFilter(portal: Portal, type: ObjectTypeName, given: unknown): CompiledFilter {
  const filter = (given ?? {}) as Filter
  const name = String(filter.propertyName)
  const operator = String(filter.operator)
  const linked = /^associations\.(.+)$/.exec(name)?.[1]
  if (linked !== undefined) return compileAssociation(portal, linked, operator, filter)
  const property = portal.catalog.find(type, name)
  if (property === undefined) throw invalid(`There was a problem with the request: unknown property ${name}`)
  const need = (field: 'value' | 'highValue'): string => {
    if (filter[field] === undefined || filter[field] === null) throw invalid(`${operator} needs a ${field}`)
    return String(filter[field])
  }
  const needList = (): string[] => {
    if (!Array.isArray(filter.values) || filter.values.length === 0) throw invalid(`${operator} needs values`)
    return filter.values.map(String)
  }
  const read = reader(type, property)
  const compared = (text: string): number | string => comparable(property, text)
  switch (operator) {
    case 'HAS_PROPERTY':
      return (record) => wireValue(record, name) !== undefined
    case 'NOT_HAS_PROPERTY':
      return (record) => wireValue(record, name) === undefined
    case 'EQ': {
      const value = compared(need('value'))
      return (record) => read(record) === value
    }
    case 'NEQ': {
      const value = compared(need('value'))
      return (record) => read(record) !== value
    }
    case 'LT':
    case 'LTE':
    case 'GT':
    case 'GTE':
      return compileOrder(operator, read, compared(need('value')))
    case 'BETWEEN': {
      const low = compileOrder('GTE', read, compared(need('value')))
      const high = compileOrder('LTE', read, compared(need('highValue')))
      return (record) => low(record) && high(record)
    }
    case 'IN':
    case 'NOT_IN': {
      // HubSpot expects lower case here: an upper-case value finds nothing.
      const values = new Set<number | string>(
        property.type === 'string' || property.type === 'phone_number' ? needList() : needList().map(compared),
      )
      const wanted = operator === 'IN'
      return (record) => {
        const value = read(record)
        return value === undefined ? false : values.has(value) === wanted
      }
    }
    case 'CONTAINS_TOKEN':
    case 'NOT_CONTAINS_TOKEN': {
      const fits = tokenTest(need('value'))
      const wanted = operator === 'CONTAINS_TOKEN'
      return (record) => fits(wireValue(record, name) ?? '') === wanted
    }
    default:
      throw invalid(`Unknown operator ${operator}`)
  }
}

function compileAssociation(portal: Portal, linked: string, operator: string, filter: Filter): CompiledFilter {
  const to = findObjectType(linked)?.name
  if (to === undefined) throw invalid(`Unknown associated object type ${linked}`)
  if (operator !== 'EQ') throw invalid(`associations.${linked} supports EQ only`)
  const id = String(filter.value)
  return (record) => portal.associations.of(record, to).has(id)
}

/** Numbers and instants compare as numbers, options exactly, other text case-insensitively. */
function comparable(property: PropertyDefinition, text: string): number | string {
  switch (property.type) {
    case 'number':
      return Number(text)
    case 'date':
    case 'datetime':
      return /^-?\d+$/.test(text) ? Number(text) : Date.parse(text)
    case 'enumeration':
    case 'bool':
      return text
    default:
      return text.toLowerCase()
  }
}

function reader(
  type: ObjectTypeName,
  property: PropertyDefinition,
): (record: RecordView) => number | string | undefined {
  const { name } = property
  const { createdProperty, modifiedProperty } = objectType(type)
  if (name === modifiedProperty) return (record) => record.updatedAtMs
  if (name === createdProperty) return (record) => record.createdAtMs
  return (record) => {
    const value = wireValue(record, name)
    return value === undefined ? undefined : comparable(property, value)
  }
}

function compileOrder(
  operator: 'LT' | 'LTE' | 'GT' | 'GTE',
  read: (record: RecordView) => number | string | undefined,
  value: number | string,
): CompiledFilter {
  return (record) => {
    const own = read(record)
    if (own === undefined) return false
    switch (operator) {
      case 'LT':
        return own < value
      case 'LTE':
        return own <= value
      case 'GT':
        return own > value
      case 'GTE':
        return own >= value
    }
  }
}

/** Matches whole tokens case-insensitively; `*` matches anything. */
function tokenTest(pattern: string): (text: string) => boolean {
  const source = pattern
    .toLowerCase()
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*')
  const token = new RegExp(`^${source}$`)
  return (text) => {
    const lower = text.toLowerCase()
    return token.test(lower) || lower.split(/[^\p{L}\p{N}]+/u).some((part) => part !== '' && token.test(part))
  }
}
