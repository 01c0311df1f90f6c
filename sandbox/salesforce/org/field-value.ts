import type { FieldDefinition } from '../catalog/object-definition.ts'
import { ApiError } from './api-error.ts'
import { normaliseId } from './record-id.ts'
import type { FieldValue } from './record-store.ts'

/** An instant as Salesforce writes it: milliseconds, and a zone without colon. */
export function formatDateTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '+0000')
}

const DATE = /^\d{4}-\d{2}-\d{2}$/
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:?\d{2})$/

export function parseDate(text: string): string | null {
  if (!DATE.test(text)) return null
  const ms = Date.parse(`${text}T00:00:00Z`)
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== text ? null : text
}

export function parseDateTime(text: string): number | null {
  if (DATE.test(text)) return parseDate(text) === null ? null : Date.parse(`${text}T00:00:00Z`)
  if (!DATE_TIME.test(text)) return null
  const ms = Date.parse(text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'))
  return Number.isNaN(ms) ? null : ms
}

function cannotDeserialize(type: string, raw: unknown): ApiError {
  const kind = typeof raw === 'number' ? 'VALUE_NUMBER' : typeof raw === 'boolean' ? 'VALUE_TRUE' : 'VALUE_STRING'
  return new ApiError(
    400,
    'JSON_PARSER_ERROR',
    `Cannot deserialize instance of ${type} from ${kind} value ${String(raw)} or request may be missing a required field`,
  )
}

function asNumber(field: FieldDefinition, raw: unknown): number {
  const value = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw
  if (typeof value !== 'number' || !Number.isFinite(value)) throw cannotDeserialize(field.type, raw)
  if (field.type !== 'int') return value
  if (!Number.isInteger(value) || Math.abs(value) > 2_147_483_647) throw cannotDeserialize('int', raw)
  return value
}

function asId(field: FieldDefinition, raw: unknown): string {
  const id = typeof raw === 'string' ? normaliseId(raw) : null
  if (id === null) {
    const label = field.name.endsWith('Id') ? `${field.name.slice(0, -2)} ID` : field.name
    throw new ApiError(400, 'MALFORMED_ID', `${label}: id value of incorrect type: ${String(raw)}`, [field.name])
  }
  return id
}

function asText(field: FieldDefinition, raw: unknown): string | null {
  if (typeof raw !== 'string' && typeof raw !== 'number') throw cannotDeserialize('string', raw)
  // Salesforce trims text and stores empty strings as null.
  const text = String(raw).trim()
  if (text === '') return null
  if (field.length > 0 && text.length > field.length) {
    throw new ApiError(
      400,
      'STRING_TOO_LONG',
      `${field.name}: data value too large: ${text.slice(0, 80)} (max length=${field.length})`,
      [field.name],
    )
  }
  if (field.type === 'email' && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text)) {
    throw new ApiError(400, 'INVALID_EMAIL_ADDRESS', `${field.name}: invalid email address: ${text}`, [field.name])
  }
  if (field.restricted && field.values.length > 0 && !field.values.includes(text)) {
    throw new ApiError(
      400,
      'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
      `${field.name}: bad value for restricted picklist field: ${text}`,
      [field.name],
    )
  }
  return text
}

/** Checks a JSON value of a write against the field. Throws with the vendor's message. */
export function readFieldValue(field: FieldDefinition, raw: unknown): FieldValue {
  if (raw === null || raw === undefined || raw === '') return null
  switch (field.type) {
    case 'boolean':
      if (typeof raw === 'boolean') return raw
      if (raw === 'true' || raw === 'false') return raw === 'true'
      throw cannotDeserialize('boolean', raw)
    case 'int':
    case 'double':
    case 'currency':
    case 'percent':
      return asNumber(field, raw)
    case 'date': {
      // A full instant is cut to its day, as Salesforce does; no time zone shifts the day.
      const day = typeof raw === 'string' ? parseDate(DATE_TIME.test(raw) ? raw.slice(0, 10) : raw) : null
      if (day === null) throw cannotDeserialize('date', raw)
      return day
    }
    case 'datetime': {
      const ms = typeof raw === 'string' ? parseDateTime(raw) : null
      if (ms === null) throw cannotDeserialize('datetime', raw)
      return ms
    }
    case 'id':
    case 'reference':
      return asId(field, raw)
    case 'address':
      throw new ApiError(400, 'INVALID_FIELD', `Compound field ${field.name} cannot be written`, [field.name])
    default:
      return asText(field, raw)
  }
}

/** The JSON form of a stored value in REST answers. */
export function writeFieldValue(field: FieldDefinition, value: FieldValue | undefined): FieldValue {
  if (value === undefined || value === null) return field.type === 'boolean' ? false : null
  if (field.type === 'datetime') return formatDateTime(value as number)
  return value
}
