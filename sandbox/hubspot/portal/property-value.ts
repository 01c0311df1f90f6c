import type { ErrorDetail } from './api-error.ts'
import type { OwnerDirectory } from './owner-directory.ts'
import type { PropertyDefinition } from './property-definition.ts'

type CheckedValue = { readonly value: string } | { readonly error: ErrorDetail }

/**
 * A written value as HubSpot stores it: text of the property's type. An empty string clears the property. HubSpot also
 * accepts JSON numbers and booleans, and instants as epoch milliseconds or ISO.
 */
export function checkValue(
  property: PropertyDefinition,
  input: unknown,
  owners: OwnerDirectory,
  archivedOwnerAccepted: boolean,
): CheckedValue {
  const { name } = property
  const refuse = (code: string, message: string): CheckedValue => ({
    error: { message, code, context: { propertyName: [name] } },
  })
  if (input === null || input === '') return { value: '' }
  if (typeof input === 'object' || input === undefined) {
    return refuse('INVALID_TYPE', `Property "${name}" must be text, a number or a boolean`)
  }
  const value = String(input)
  if (property.referencesOwner) {
    const owner = owners.byId(value)
    if (owner === undefined || (owner.archived && !archivedOwnerAccepted)) {
      return refuse('INVALID_OWNER_ID', `Property "${name}": ${value} was not a valid owner id`)
    }
    return { value }
  }
  switch (property.type) {
    case 'enumeration': {
      const unknown = value
        .split(';')
        .find((part) => property.options.length > 0 && !property.options.some((option) => option.value === part))
      return unknown === undefined
        ? { value }
        : refuse(
            'INVALID_OPTION',
            `${unknown} was not one of the allowed options: [${property.options.map((option) => option.value).join(', ')}]`,
          )
    }
    case 'number':
      return value.trim() !== '' && Number.isFinite(Number(value))
        ? { value: value.trim() }
        : refuse('INVALID_LONG', `${value} was not a valid number`)
    case 'bool':
      return value === 'true' || value === 'false' ? { value } : refuse('INVALID_BOOLEAN', `${value} is not a boolean`)
    case 'date':
    case 'datetime': {
      const atMs = /^-?\d+$/.test(value) ? Number(value) : Date.parse(value)
      if (!Number.isFinite(atMs) || Math.abs(atMs) > 8.64e15) {
        return refuse('INVALID_DATE', `${value} was not a valid date`)
      }
      const iso = new Date(atMs).toISOString()
      return { value: property.type === 'date' ? iso.slice(0, 10) : iso }
    }
    default:
      if (name === 'email' && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value)) {
        return refuse('INVALID_EMAIL', `Email address ${value} is invalid`)
      }
      // HubSpot's text properties hold 65,536 characters.
      return value.length > 65_536
        ? refuse('PROPERTY_VALUE_TOO_LONG', `Property "${name}" is longer than 65536 characters`)
        : { value: name === 'email' ? value.toLowerCase() : value }
  }
}
