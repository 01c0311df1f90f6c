import { type ErrorDetail, invalid } from './api-error.ts'
import type { ObjectTypeName } from './object-type.ts'
import type { OwnerDirectory } from './owner-directory.ts'
import type { PropertyCatalog } from './property-catalog.ts'
import { checkValue } from './property-value.ts'

/** Creating a record needs one property of each inner list. */
const REQUIRED_ON_CREATE: Readonly<Record<ObjectTypeName, readonly (readonly string[])[]>> = {
  contacts: [['email', 'firstname', 'lastname']],
  companies: [['name', 'domain']],
  deals: [['dealname'], ['dealstage']],
  tasks: [['hs_timestamp']],
}

export type Written = Readonly<Record<string, string>>

/** The values that a write sets, in wire form. Throws HubSpot's 400 that names every invalid property. */
export function checkProperties(
  type: ObjectTypeName,
  input: unknown,
  portal: { catalog: PropertyCatalog; owners: OwnerDirectory; archivedOwnerAccepted: boolean },
): Written {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw invalid('Invalid input JSON: Some required fields were not set: [properties]')
  }
  const written: Record<string, string> = {}
  const errors: ErrorDetail[] = []
  for (const [name, value] of Object.entries(input)) {
    const property = portal.catalog.find(type, name)
    if (property === undefined) {
      errors.push({
        message: `Property "${name}" does not exist`,
        code: 'PROPERTY_DOESNT_EXIST',
        context: { propertyName: [name] },
      })
      continue
    }
    if (property.readOnly) {
      // For tasks HubSpot ignores read-only properties; for other objects it refuses the write.
      if (type !== 'tasks') {
        errors.push({
          message: `"${name}" is a read only property; its value cannot be set.`,
          code: 'READ_ONLY_VALUE',
          context: { propertyName: [name] },
        })
      }
      continue
    }
    const checked = checkValue(property, value, portal.owners, portal.archivedOwnerAccepted)
    if ('error' in checked) errors.push(checked.error)
    else written[name] = checked.value
  }
  if (errors.length > 0) {
    throw invalid(
      `Property values were not valid: ${JSON.stringify(
        errors.map(({ message, code, context }) => ({
          isValid: false,
          message,
          error: code,
          name: context?.propertyName?.[0],
        })),
      )}`,
      errors,
    )
  }
  return written
}

export function checkRequired(type: ObjectTypeName, written: Written): void {
  const missing = REQUIRED_ON_CREATE[type].filter((anyOf) => anyOf.every((name) => !written[name]))
  if (missing.length === 0) return
  const names = missing.map((anyOf) => anyOf.join(' or '))
  throw invalid(
    `Error creating ${type.toUpperCase()}. Some required properties were not set: ${names.join(', ')}`,
    missing.map((anyOf) => ({
      message: `Required property not set: ${anyOf.join(' or ')}`,
      code: 'MISSING_REQUIRED_PROPERTY',
      context: { propertyName: anyOf },
    })),
  )
}
