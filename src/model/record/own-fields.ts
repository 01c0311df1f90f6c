import type { Crm } from './change-event.ts'
import { crmProfile } from './crm-profile.ts'

const known = new Map<string, ReadonlySet<string>>()

/** Whether the field comes with the CRM itself, so that every account of it has the field and may only hide it. */
export function isOwnField(crm: Crm, objectType: string, field: string): boolean {
  const key = `${crm}/${objectType}`
  let fields = known.get(key)
  if (fields === undefined) {
    fields = ownFields(crm, objectType)
    known.set(key, fields)
  }
  return fields.has(field)
}

function ownFields(crm: Crm, objectType: string): Set<string> {
  const profile = crmProfile(crm)
  const shape = profile.objects[objectType]
  const { noun: _, about: __, asPerson, ...fields } = shape ?? { noun: '', about: '' }
  const { noun: ___, ...ofPerson } = asPerson ?? { noun: '' }
  const named = [...Object.values(fields), ...Object.values(ofPerson)].flatMap(namesIn)
  const source = profile.sourceFields[objectType]
  return new Set([...named, ...(source === undefined ? [] : [source]), ...(profile.standardFields?.[objectType] ?? [])])
}

/** A shape names fields as text, as lists of text and, for the customer, as the field of a mark. */
function namesIn(part: unknown): string[] {
  if (typeof part === 'string') return [part]
  if (Array.isArray(part)) return part.filter((one) => typeof one === 'string')
  const field = typeof part === 'object' && part !== null && 'field' in part ? part.field : null
  return typeof field === 'string' ? [field] : []
}
