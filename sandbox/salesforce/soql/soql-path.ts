import type { FieldDefinition, ObjectDefinition } from '../catalog/object-definition.ts'
import { addressOf } from '../org/address.ts'
import { ApiError } from '../org/api-error.ts'
import { writeFieldValue } from '../org/field-value.ts'
import { type Org, objectOfId } from '../org/org.ts'
import type { FieldValue, StoredRecord } from '../org/record-store.ts'

/** A dotted path resolved against the object: relationships to follow, then a field. Five steps at most, as in SOQL. */
export type FieldPath = {
  readonly text: string
  readonly steps: readonly FieldDefinition[]
  /** Null: the target can be of several objects, so the field is looked up on the record. */
  readonly field: FieldDefinition | null
  readonly fieldName: string
}

const STEPS_MAX = 5

export function noSuchColumn(name: string, object: string): ApiError {
  return new ApiError(
    400,
    'INVALID_FIELD',
    `No such column '${name}' on entity '${object}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.`,
  )
}

export function resolvePath(org: Org, object: ObjectDefinition, path: string): FieldPath {
  const names = path.split('.')
  const steps: FieldDefinition[] = []
  let current = object
  for (const name of names.slice(0, -1)) {
    const step = current.fieldByRelationship.get(name.toLowerCase())
    if (!step || steps.length >= STEPS_MAX) {
      throw new ApiError(
        400,
        'INVALID_FIELD',
        `Didn't understand relationship '${name}' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.`,
      )
    }
    steps.push(step)
    if (step.referenceTo.length > 1) return polymorphic(org, steps, names, path)
    const target = org.catalog.get(step.referenceTo[0]!)
    if (!target) throw noSuchColumn(path, current.name)
    current = target
  }
  const last = names.at(-1)!
  const field = current.fieldByLowerName.get(last.toLowerCase())
  if (!field) throw noSuchColumn(last, current.name)
  return { text: path, steps, field, fieldName: field.name }
}

/** `Owner.`, `Who.` and `What.` lead to the vendor's pseudo-object Name, which has these fields only. */
const NAME_FIELDS = [
  'Id',
  'Name',
  'Email',
  'FirstName',
  'LastName',
  'IsActive',
  'Alias',
  'Title',
  'Phone',
  'Type',
  'Username',
  'UserRoleId',
  'ProfileId',
]

function polymorphic(org: Org, steps: FieldDefinition[], names: readonly string[], path: string): FieldPath {
  const last = names.at(-1)!
  const fieldName = NAME_FIELDS.find((name) => name.toLowerCase() === last.toLowerCase())
  if (!fieldName || names.length !== steps.length + 1) throw noSuchColumn(last, 'Name')
  const target = org.catalog.get(steps.at(-1)!.referenceTo.at(-1)!)
  return { text: path, steps, field: target?.fields.get(fieldName) ?? null, fieldName }
}

export function follow(org: Org, record: StoredRecord, steps: readonly FieldDefinition[]): StoredRecord | undefined {
  let current: StoredRecord | undefined = record
  for (const step of steps) {
    const id: FieldValue | undefined = current?.[step.name]
    if (typeof id !== 'string') return undefined
    const object = objectOfId(org, id)
    current = object ? org.store.get(object.name, id) : undefined
  }
  return current
}

/** The stored value at the end of a path. Null: a reference on the way is blank. */
export function valueAt(org: Org, record: StoredRecord, path: FieldPath): FieldValue {
  const target = path.steps.length === 0 ? record : follow(org, record, path.steps)
  if (!target) return null
  if (path.fieldName === 'Type' && path.steps.length > 0 && path.steps.at(-1)!.referenceTo.length > 1) {
    return objectOfId(org, target.Id)?.name ?? null
  }
  return target[path.fieldName] ?? (path.field?.type === 'boolean' ? false : null)
}

/** The JSON value at the end of a path, compound addresses included. */
export function jsonAt(org: Org, object: ObjectDefinition, record: StoredRecord, path: FieldPath): unknown {
  if (path.field?.type === 'address') {
    const target = path.steps.length === 0 ? record : follow(org, record, path.steps)
    const owner = path.steps.length === 0 ? object : target && objectOfId(org, target.Id)
    return target && owner ? addressOf(owner, target, path.fieldName) : null
  }
  const value = valueAt(org, record, path)
  return path.field ? writeFieldValue(path.field, value) : value
}
