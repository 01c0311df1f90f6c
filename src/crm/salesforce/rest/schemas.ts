import type { DescribeSObjectResult, Field } from 'jsforce'
import { CrmRefusedError, CrmUnknownError, type FieldSchema } from '../../crm-client.ts'
import { SALESFORCE } from '../profile.ts'
import type { SalesforceCall } from './call.ts'
import { type FieldType, typeOf } from './field-text.ts'
import { soqlName } from './soql.ts'

export type SalesforceField = FieldSchema & {
  readonly externalId: boolean
  readonly unique: boolean
  readonly createable: boolean
  readonly updateable: boolean
}

export type SalesforceObject = {
  readonly objectType: string
  /** Whether our user may create and change such records at all. */
  readonly createable: boolean
  readonly updateable: boolean
  readonly fields: readonly SalesforceField[]
  readonly byName: ReadonlyMap<string, SalesforceField>
}

export type ObjectSchemas = {
  /** Asks the CRM. */
  describe(objectType: string): Promise<SalesforceObject>
  /** Up to SCHEMA_TTL_MS old. */
  recent(objectType: string): Promise<SalesforceObject>
  fieldTypes(objectType: string): Promise<ReadonlyMap<string, FieldType>>
  forget(objectType: string): void
}

/** An admin who grants a field waits at most this long; a describe is 100 KB and one API call. */
const SCHEMA_TTL_MS = 15 * 60_000

export function objectSchemas(call: SalesforceCall, nowMs: () => number): ObjectSchemas {
  const known = new Map<string, { readonly at: number; readonly schema: Promise<SalesforceObject> }>()

  function describe(objectType: string): Promise<SalesforceObject> {
    const schema = read(call, objectType)
    known.set(objectType, { at: nowMs(), schema })
    schema.catch(() => {
      if (known.get(objectType)?.schema === schema) known.delete(objectType)
    })
    return schema
  }

  function recent(objectType: string): Promise<SalesforceObject> {
    const entry = known.get(objectType)
    return entry && nowMs() - entry.at < SCHEMA_TTL_MS ? entry.schema : describe(objectType)
  }

  return {
    describe,
    recent,
    async fieldTypes(objectType) {
      const { fields } = await recent(objectType)
      return new Map(fields.map((field) => [field.name, field.type]))
    },
    forget: (objectType) => {
      known.delete(objectType)
    },
  }
}

async function read(call: SalesforceCall, objectType: string): Promise<SalesforceObject> {
  const answer: Partial<DescribeSObjectResult> = await call.read((org) => org.describe(soqlName(objectType)))
  if (!Array.isArray(answer.fields)) {
    throw new CrmUnknownError(`Cannot describe ${objectType}: Salesforce answered 200 without a list of fields`, {
      status: 200,
    })
  }
  const fields = answer.fields.flatMap(readField)
  // Salesforce's own fields, which every user sees who sees the object. A description without them was cut, and the
  // fields that it lacks may exist.
  const shape = SALESFORCE.objects[objectType]
  const due = shape === undefined || shape.about === 'task' ? [] : [[shape.owner], [shape.modifiedAt, 'SystemModstamp']]
  const absent = due.find((names) => !fields.some((field) => names.includes(field.name)))
  if (absent !== undefined || fields.length === 0) {
    throw new CrmUnknownError(
      `Cannot describe ${objectType}: Salesforce answered 200 without ${absent?.[0] ?? 'any field'}`,
      { status: 200 },
    )
  }
  return {
    objectType,
    createable: answer.createable === true,
    updateable: answer.updateable === true,
    fields,
    byName: new Map(fields.map((field) => [field.name, field])),
  }
}

/** jsforce types a field as complete; an answer may still lack any part of it. */
function readField(raw: Partial<Field> | null): SalesforceField[] {
  if (typeof raw !== 'object' || raw === null) return []
  const type = typeof raw.type === 'string' ? typeOf(raw.type) : null
  if (type === null || typeof raw.name !== 'string') return []
  const picklist = Array.isArray(raw.picklistValues) ? raw.picklistValues : []
  return [
    {
      name: raw.name,
      label: typeof raw.label === 'string' ? raw.label : raw.name,
      type,
      options: picklist
        .filter((option) => option?.active !== false)
        .map((option) => (typeof option?.value === 'string' ? option.value : '')),
      writable: raw.updateable === true || raw.createable === true,
      ...(raw.type === 'currency' && { isAmount: true as const }),
      ...(isRequired(raw) && { isRequired: true as const }),
      externalId: raw.externalId === true,
      unique: raw.unique === true,
      createable: raw.createable === true,
      updateable: raw.updateable === true,
    },
  ]
}

/** Whoever makes a record must fill it in: it may not be null, and Salesforce fills in nothing by itself. */
function isRequired({ type, nillable, createable, defaultedOnCreate }: Partial<Field>): boolean {
  return nillable === false && createable === true && defaultedOnCreate === false && type !== 'boolean'
}

/** The org does not have such an object: the feature is off, or our user may not see it. */
export function isAbsentObject(error: unknown): boolean {
  return error instanceof CrmRefusedError && (error.code === 'NOT_FOUND' || error.code === 'INVALID_TYPE')
}
