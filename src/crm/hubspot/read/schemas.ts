import type { Property } from '@hubspot/api-client/lib/codegen/crm/properties/models/Property.js'
import { CrmUnknownError, type FieldSchema, type ObjectSchema } from '../../crm-client.ts'
import type { HubSpotHttp } from '../http/call.ts'
import { listOf, objectOf, resultsOf, textOf } from '../http/json-value.ts'
import type { HubSpotPaths } from '../http/paths.ts'
import type { AnswerOf } from '../http/wire.ts'
import { HUBSPOT } from '../profile.ts'
import type { FieldType } from './field-text.ts'

export type HubSpotSchema = {
  readonly object: ObjectSchema
  readonly fields: ReadonlyMap<string, FieldSchema>
  /** Fields that HubSpot calls sensitive: it may redact their values. */
  readonly sensitive: ReadonlySet<string>
  /** When a record of this type was last modified. Contacts keep it under a name of their own. */
  readonly modifiedField: string
}

export type HubSpotSchemas = {
  of(objectType: string): Promise<HubSpotSchema>
  forget(objectType: string): void
}

// An admin who adds a property or an option sees it used within this time.
const FRESH_MS = 300_000

/** Property definitions as our token sees them. Every value we read or write is spelled by these. */
export function createHubSpotSchemas(http: HubSpotHttp, paths: HubSpotPaths, nowMs: () => number): HubSpotSchemas {
  // One entry per object type that is read: a handful.
  const known = new Map<string, { readonly readAtMs: number; readonly schema: Promise<HubSpotSchema> }>()

  function of(objectType: string): Promise<HubSpotSchema> {
    const entry = known.get(objectType)
    if (entry !== undefined && nowMs() - entry.readAtMs < FRESH_MS) return entry.schema
    const schema = read(objectType)
    known.set(objectType, { readAtMs: nowMs(), schema })
    // A failure is not kept. The caller gets it from the same promise.
    schema.catch(() => {
      if (known.get(objectType)?.schema === schema) known.delete(objectType)
    })
    return schema
  }

  async function read(objectType: string): Promise<HubSpotSchema> {
    const attempt = `read the properties of ${objectType}`
    const { body } = await http({ kind: 'read', method: 'GET', path: paths.properties(objectType), attempt })
    const properties: readonly PropertyAnswer[] = resultsOf(body, attempt)
    const fields = properties.flatMap((property) => fieldSchema(property) ?? [])
    // HubSpot's own fields cannot be removed, so a list without them is cut and must not pass for the whole.
    const shape = HUBSPOT.objects[objectType]
    const due = shape === undefined || shape.about === 'task' ? [] : [shape.owner, shape.modifiedAt]
    const absent = due.find((name) => !fields.some((field) => field.name === name))
    if (absent !== undefined || fields.length === 0) {
      throw new CrmUnknownError(`Cannot ${attempt}: HubSpot answered 200 without ${absent ?? 'any of them'}`, {
        status: 200,
      })
    }
    return {
      // `non_sensitive`, `sensitive`, `highly_sensitive`; most answers leave it out.
      sensitive: new Set(
        properties.flatMap(({ name, dataSensitivity }) =>
          /^(highly_)?sensitive$/i.test(textOf(dataSensitivity)) ? textOf(name) : [],
        ),
      ),
      object: { objectType, fields },
      fields: new Map(fields.map((field) => [field.name, field])),
      modifiedField: objectType === 'contacts' ? 'lastmodifieddate' : 'hs_lastmodifieddate',
    }
  }

  return { of, forget: (objectType) => void known.delete(objectType) }
}

/** `dataSensitivity` is younger than the generated model. */
type PropertyAnswer = AnswerOf<Property> & { readonly dataSensitivity?: unknown }

function fieldSchema(property: PropertyAnswer): FieldSchema | undefined {
  const name = textOf(property.name)
  if (name === '' || property.archived === true) return undefined
  const readOnly = objectOf(property.modificationMetadata)?.readOnlyValue === true
  return {
    name,
    label: textOf(property.label) || name,
    type: fieldType(name, property),
    options: listOf(property.options).flatMap((option) => textOf(option.value) || []),
    writable: !readOnly && property.calculated !== true,
    ...(property.showCurrencySymbol === true && { isAmount: true as const }),
  }
}

function fieldType(name: string, property: PropertyAnswer): FieldType {
  if (name === 'hubspot_owner_id' || property.referencedObjectType === 'OWNER') return 'reference'
  const widget = textOf(property.fieldType)
  switch (textOf(property.type)) {
    case 'number':
      return 'number'
    case 'bool':
      return 'boolean'
    case 'datetime':
      return 'instant'
    case 'date':
      return 'day'
    case 'enumeration':
      if (widget === 'booleancheckbox') return 'boolean'
      return widget === 'checkbox' ? 'multi-picklist' : 'picklist'
    default:
      return 'text'
  }
}
