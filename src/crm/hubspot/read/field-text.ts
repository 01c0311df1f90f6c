import type { FieldText } from '../../../model/record/change-event.ts'
import { DATE_MAX_MS } from '../../../model/record/instant.ts'
import { storable } from '../../../model/record/storable-text.ts'
import type { FieldSchema } from '../../crm-client.ts'

export type FieldType = FieldSchema['type']

/** The type of a field where the caller knows it; webhooks arrive before anything has been read. */
export type FieldTypeOf = (objectType: string, field: string) => FieldType | undefined

/**
 * One spelling for each type, whichever channel a value came through: HubSpot's webhooks send instants as epoch
 * milliseconds where its reads send ISO text, and both must compare equal.
 */
export function fieldText(type: FieldType | undefined, raw: unknown): FieldText {
  if (raw === null || raw === undefined) return null
  const text = storable(spelled(raw))
  const trimmed = text.trim()
  if (trimmed === '') return null
  switch (type) {
    case 'instant':
      return instantText(trimmed)
    case 'day':
      return dayText(instantText(trimmed))
    case 'number':
      return numberText(trimmed)
    case 'boolean':
      return /^(true|false)$/i.test(trimmed) ? trimmed.toLowerCase() : trimmed
    case 'multi-picklist': {
      const chosen = trimmed.split(';').map((part) => part.trim())
      return chosen.filter((part) => part !== '').join(';') || null
    }
    default:
      return text
  }
}

/** An object may carry a `toString` of its own, which is no function. */
function spelled(raw: unknown): string {
  if (typeof raw === 'string') return raw
  return typeof raw === 'object' ? JSON.stringify(raw) : String(raw)
}

function instantText(text: string): string {
  const atMs = /^-?\d{1,16}$/.test(text) ? Number(text) : Date.parse(text)
  // Outside what a Date can hold: keep HubSpot's text, which people can still read.
  return Math.abs(atMs) <= DATE_MAX_MS ? new Date(atMs).toISOString() : text
}

function dayText(text: string): string {
  return /^\d{4}-\d{2}-\d{2}/.test(text) ? text.slice(0, 10) : text
}

// Longer than any number a CRM holds; keeps the pattern below from working on hostile text.
const NUMBER_LENGTH_MAX = 100

function numberText(text: string): string {
  if (text.length > NUMBER_LENGTH_MAX) return text
  const plain = /^([+-]?)0*(\d+)(?:\.(\d*?)0*)?$/.exec(text)
  if (plain) {
    const [, sign, whole = '0', fraction = ''] = plain
    const size = fraction === '' ? whole : `${whole}.${fraction}`
    return sign === '-' && size !== '0' ? `-${size}` : size
  }
  const power = /^([+-]?)(\d+)(?:\.(\d+))?e([+-]?\d{1,2})$/i.exec(text)
  if (power === null) return text
  // Moved as text: a double would round what HubSpot keeps exactly.
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = power
  const point = whole.length + Number(exponent)
  const digits = `${'0'.repeat(Math.max(1 - point, 0))}${whole}${fraction}`.padEnd(point, '0')
  const at = Math.max(point, 1)
  return numberText(at < digits.length ? `${sign}${digits.slice(0, at)}.${digits.slice(at)}` : sign + digits)
}

/**
 * HubSpot's own properties that are not text, for values that arrive before the portal's property list was read.
 * Names of the vendor, the same in every portal.
 */
const WELL_KNOWN: Readonly<Record<string, FieldType>> = {
  createdate: 'instant',
  hs_createdate: 'instant',
  lastmodifieddate: 'instant',
  hs_lastmodifieddate: 'instant',
  hubspot_owner_assigneddate: 'instant',
  closedate: 'instant',
  notes_last_contacted: 'instant',
  notes_last_updated: 'instant',
  notes_next_activity_date: 'instant',
  hs_timestamp: 'instant',
  hs_task_completion_date: 'instant',
  hs_is_closed: 'boolean',
  hs_is_closed_won: 'boolean',
  hs_email_optout: 'boolean',
  amount: 'number',
  annualrevenue: 'number',
  numberofemployees: 'number',
  num_notes: 'number',
  associatedcompanyid: 'number',
  hs_parent_company_id: 'number',
  hs_primary_associated_company: 'number',
}

export function wellKnownType(field: string): FieldType | undefined {
  return Object.hasOwn(WELL_KNOWN, field) ? WELL_KNOWN[field] : undefined
}
