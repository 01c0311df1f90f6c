/** An object and its fields, with what describe, SOQL, DML and change events need of them. */
export type FieldType =
  | 'id'
  | 'reference'
  | 'string'
  | 'textarea'
  | 'picklist'
  | 'combobox'
  | 'boolean'
  | 'int'
  | 'double'
  | 'currency'
  | 'percent'
  | 'date'
  | 'datetime'
  | 'phone'
  | 'email'
  | 'url'
  | 'address'

export type FieldDefinition = {
  readonly name: string
  readonly type: FieldType
  readonly length: number
  readonly required: boolean
  readonly createable: boolean
  readonly updateable: boolean
  readonly nillable: boolean
  readonly filterable: boolean
  readonly unique: boolean
  readonly externalId: boolean
  readonly restricted: boolean
  readonly values: readonly string[]
  readonly defaultValue: string | number | boolean | null
  readonly referenceTo: readonly string[]
  readonly relationshipName: string | null
  readonly compound: string | null
}

export type ObjectDefinition = {
  readonly name: string
  readonly label: string
  readonly keyPrefix: string
  readonly createable: boolean
  readonly updateable: boolean
  readonly deletable: boolean
  readonly undeletable: boolean
  readonly replicateable: boolean
  /** How long queries still find a deleted record that bypasses the Recycle Bin. Null: it goes to the Recycle Bin. */
  readonly deletedForMs: number | null
  readonly fields: ReadonlyMap<string, FieldDefinition>
  /** SOQL and REST take names in any case. */
  readonly fieldByLowerName: ReadonlyMap<string, FieldDefinition>
  readonly fieldByRelationship: ReadonlyMap<string, FieldDefinition>
}

/** Reads a field table, one line per field: `Name type(length) flag flag -> Target,Target as Relationship`. */
export function parseFields(text: string, values: Readonly<Record<string, readonly string[]>> = {}): FieldDefinition[] {
  const fields: FieldDefinition[] = []
  for (const line of text.trim().split('\n')) {
    const match = /^\s*(\w+) (\w+)(?:\((\d+)\))?((?: [\w-]+(?:=\S+)?)*)(?: -> ([\w,]+)(?: as (\w+))?)?\s*$/.exec(line)
    if (!match) throw new Error(`Field line not understood: "${line}"`)
    const [, name, type, length, flagText = '', targets, relationship] = match
    const flags = new Map(
      flagText
        .trim()
        .split(' ')
        .filter((flag) => flag !== '')
        .map((flag) => {
          const [key = '', value = ''] = flag.split('=')
          return [key, value.replaceAll('_', ' ')] as const
        }),
    )
    const readOnly = flags.has('ro')
    const defaultText = flags.get('default')
    const fieldType = type as FieldType
    fields.push({
      name: name!,
      type: fieldType,
      length: length ? Number(length) : fieldType === 'reference' || fieldType === 'id' ? 18 : 0,
      required: flags.has('required'),
      createable: !readOnly && !flags.has('update-only'),
      updateable: !readOnly && !flags.has('create-only'),
      nillable: !flags.has('required') && !flags.has('filled') && fieldType !== 'boolean' && fieldType !== 'id',
      filterable: !(fieldType === 'textarea' && Number(length) > 255) && fieldType !== 'address',
      unique: flags.has('unique'),
      externalId: flags.has('external'),
      restricted: flags.has('restricted'),
      values: values[name!] ?? [],
      defaultValue: fieldType === 'boolean' ? defaultText === 'true' : (defaultText ?? null),
      referenceTo: targets ? targets.split(',') : [],
      relationshipName: relationship ?? null,
      compound: flags.get('in') ?? null,
    })
  }
  return fields
}

const SYSTEM_FIELDS = parseFields(`
  CreatedDate datetime ro filled
  CreatedById reference ro filled -> User as CreatedBy
  LastModifiedDate datetime ro filled
  LastModifiedById reference ro filled -> User as LastModifiedBy
  SystemModstamp datetime ro filled
  IsDeleted boolean ro
`)

/** For `defineObject`: records can be created, changed, deleted, restored and replicated. */
export const ALL_VERBS = ['create', 'update', 'delete', 'undelete', 'replicate'] as const

export type ObjectOptions = {
  readonly name: string
  readonly label?: string
  readonly keyPrefix: string
  readonly fields: readonly FieldDefinition[]
  readonly verbs: readonly (typeof ALL_VERBS)[number][]
  /** Setup objects such as User and TaskStatus have no recycle bin, so no IsDeleted column. */
  readonly withoutIsDeleted?: boolean
  readonly deletedForMs?: number
}

export function defineObject(options: ObjectOptions): ObjectDefinition {
  const own = new Set(options.fields.map((field) => field.name))
  const all = [
    ...parseFields('Id id ro'),
    ...options.fields,
    ...SYSTEM_FIELDS.filter((f) => !own.has(f.name) && !(options.withoutIsDeleted && f.name === 'IsDeleted')),
  ]
  const has = (verb: (typeof options.verbs)[number]): boolean => options.verbs.includes(verb)
  return {
    name: options.name,
    label: options.label ?? options.name.replace(/([a-z])([A-Z])/g, '$1 $2'),
    keyPrefix: options.keyPrefix,
    createable: has('create'),
    updateable: has('update'),
    deletable: has('delete'),
    undeletable: has('undelete'),
    replicateable: has('replicate'),
    deletedForMs: options.deletedForMs ?? null,
    ...indexFields(all),
  }
}

/** An object's fields by name, by name in any case, and by relationship. */
export function indexFields(
  fields: readonly FieldDefinition[],
): Pick<ObjectDefinition, 'fields' | 'fieldByLowerName' | 'fieldByRelationship'> {
  return {
    fields: new Map(fields.map((field) => [field.name, field])),
    fieldByLowerName: new Map(fields.map((field) => [field.name.toLowerCase(), field])),
    fieldByRelationship: new Map(
      fields.flatMap((field) =>
        field.relationshipName ? [[field.relationshipName.toLowerCase(), field] as const] : [],
      ),
    ),
  }
}

export type ObjectCatalog = ReadonlyMap<string, ObjectDefinition>

export function findObject(catalog: ObjectCatalog, name: string): ObjectDefinition | undefined {
  const exact = catalog.get(name)
  if (exact) return exact
  const lower = name.toLowerCase()
  for (const object of catalog.values()) if (object.name.toLowerCase() === lower) return object
  return undefined
}
