import type { FieldDefinition, ObjectDefinition } from '../catalog/object-definition.ts'
import type { FieldValue, StoredRecord } from './record-store.ts'

/** The parts of an object's compound field, with their names inside the compound. */
export function compoundParts(
  object: ObjectDefinition,
  compound: string,
): { readonly field: FieldDefinition; readonly part: string }[] {
  const prefix = compound === 'Name' ? '' : compound.slice(0, -'Address'.length)
  return [...object.fields.values()]
    .filter((field) => field.compound === compound)
    .map((field) => ({ field, part: field.name.slice(prefix.length) }))
}

/** The compound address as REST answers it, or null when every part is blank. */
export function addressOf(
  object: ObjectDefinition,
  record: StoredRecord,
  compound: string,
): Record<string, FieldValue> | null {
  const address: Record<string, FieldValue> = {}
  let filled = false
  for (const { field, part } of compoundParts(object, compound)) {
    const value = record[field.name] ?? null
    if (value !== null) filled = true
    const name = part === 'GeocodeAccuracy' ? 'geocodeAccuracy' : part.charAt(0).toLowerCase() + part.slice(1)
    address[name] = value
  }
  return filled ? address : null
}

export function personName(first: FieldValue | undefined, last: FieldValue | undefined): string {
  return [first, last].filter((part) => typeof part === 'string' && part !== '').join(' ')
}
