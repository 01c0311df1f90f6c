import type { FieldText } from '../../../model/record/change-event.ts'
import { isInstant } from '../../../model/record/instant.ts'
import { storable } from '../../../model/record/storable-text.ts'
import type { FieldSchema } from '../../crm-client.ts'

/**
 * One spelling per type, whichever way the value came: REST sends `2026-11-22T10:00:00.000+0000` and `2026-11-22`,
 * Pub/Sub sends milliseconds for both. Without one spelling every record would look changed after every poll.
 */
export type FieldType = FieldSchema['type']

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/
const DAY = /^\d{4}-\d{2}-\d{2}$/

export function fieldText(value: unknown, type: FieldType | undefined): FieldText {
  if (value === null || value === undefined) return null
  switch (typeof value) {
    case 'boolean':
      return value ? 'true' : 'false'
    case 'bigint':
    case 'number':
      return numberText(value, type)
    case 'string':
      return stringText(storable(value), type)
    default:
      // An object is a compound or a relationship; those are flattened by the caller or were not asked for.
      return null
  }
}

function numberText(value: number | bigint, type: FieldType | undefined): FieldText {
  if (type === 'instant' || type === 'day') return timeText(Number(value), type)
  return typeof value === 'bigint' ? value.toString() : decimalText(value)
}

function timeText(atMs: number, type: 'instant' | 'day'): FieldText {
  const at = new Date(atMs)
  if (Number.isNaN(at.getTime())) return null
  // A day is midnight UTC on the wire and has no time zone: shifting it would move due dates by one.
  return type === 'day' ? at.toISOString().slice(0, 10) : at.toISOString()
}

function stringText(value: string, type: FieldType | undefined): FieldText {
  if (value.trim() === '') return null
  if (type === 'instant' && INSTANT.test(value)) {
    const at = new Date(value)
    return Number.isNaN(at.getTime()) ? value : at.toISOString()
  }
  if (type === 'day') {
    if (DAY.test(value)) return value
    return INSTANT.test(value) ? value.slice(0, 10) : value
  }
  if (type === 'number') {
    const number = Number(value)
    return Number.isFinite(number) ? decimalText(number) : value
  }
  if (type === 'boolean') return value.toLowerCase()
  return value
}

/** `1e21` and `1e-7` in plain digits, so that a number compares equal as text however large it is. */
export function decimalText(value: number): FieldText {
  if (!Number.isFinite(value)) return null
  if (Object.is(value, -0)) return '0'
  const text = String(value)
  const parts = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (!parts) return text
  const [, sign, lead, rest = '', power] = parts
  const digits = `${lead}${rest}`
  const point = 1 + Number(power)
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  if (point >= digits.length) return `${sign}${digits}${'0'.repeat(point - digits.length)}`
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}

/** Epoch milliseconds of a REST or Pub/Sub time, or null. */
export function timeMs(value: unknown): number | null {
  const atMs = typeof value === 'string' ? Date.parse(value) : typeof value === 'bigint' ? Number(value) : value
  return isInstant(atMs) ? atMs : null
}

/** Describe's type names in our words. Compounds (`address`, `location`) have none: their parts are fields too. */
export function typeOf(describeType: string): FieldType | null {
  switch (describeType) {
    case 'boolean':
      return 'boolean'
    case 'int':
    case 'long':
    case 'double':
    case 'currency':
    case 'percent':
      return 'number'
    case 'date':
      return 'day'
    case 'datetime':
      return 'instant'
    case 'picklist':
      return 'picklist'
    case 'multipicklist':
      return 'multi-picklist'
    case 'reference':
      return 'reference'
    case 'address':
    case 'location':
    case 'complexvalue':
    case 'base64':
      return null
    default:
      return 'text'
  }
}
