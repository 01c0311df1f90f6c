import {
  type FieldDefinition,
  type FieldType,
  indexFields,
  type ObjectDefinition,
} from '../catalog/object-definition.ts'
import { formatDateTime, parseDate, parseDateTime } from '../org/field-value.ts'
import type { Org } from '../org/org.ts'
import type { FieldValue, StoredRecord } from '../org/record-store.ts'
import { type EventSchemas, rebuildSchema } from './avro-schemas.ts'

type Body = Readonly<Record<string, unknown>>

/** A field before an admin changed it. `name` is null while it is deleted. */
type Original = { readonly field: FieldDefinition; readonly at: number; readonly orderAt: number; name: string | null }

type ValueRow = { readonly table: string; readonly row: StoredRecord }

const TYPES: readonly FieldType[] = [
  'string',
  'textarea',
  'picklist',
  'combobox',
  'boolean',
  'int',
  'double',
  'currency',
  'percent',
  'date',
  'datetime',
  'phone',
  'email',
  'url',
]

/** Tables whose rows are the values of a picklist. */
const VALUE_TABLES: Readonly<Record<string, string>> = { 'Task.Status': 'TaskStatus', 'Task.Priority': 'TaskPriority' }

/**
 * Changes that an admin makes in the object manager while clients are connected. Values of a removed field stay in the
 * database, in Salesforce for 15 days, so that `restore` brings them back.
 */
export class SchemaChanges {
  private readonly org: Org
  private readonly schemas: EventSchemas
  private readonly originals = new Map<string, Original>()
  private readonly removedRows = new Map<string, ValueRow>()

  constructor(org: Org, schemas: EventSchemas) {
    this.org = org
    this.schemas = schemas
  }

  /** `lossy`: a conversion lost values, for which the vendor sends one gap event for every record of the object. */
  apply(body: Body): { readonly object: string; readonly schemaId: string | null; readonly lossy: boolean } {
    const object = this.org.catalog.get(String(body.objectType))
    if (!object) throw new Error(`There is no object ${String(body.objectType)}`)
    const name = String(body.name)
    if (body.op === 'restore') return this.restore(object, name, body)
    const field = object.fields.get(name)
    if (!field) throw new Error(`There is no field ${object.name}.${name}`)
    if (field.required || field.type === 'id' || field.type === 'address' || SYSTEM.has(name)) {
      throw new Error(`${object.name}.${name} is the vendor's and cannot be changed`)
    }
    this.remember(object, field)
    switch (body.op) {
      case 'remove':
        this.original(object.name, name).name = null
        return this.put(object, (fields) => fields.filter((other) => other !== field), remove(name))
      case 'rename': {
        const to = String(body.to)
        if (!/^[A-Za-z]\w*$/.test(to) || object.fieldByLowerName.has(to.toLowerCase())) {
          throw new Error(`${object.name}.${name} cannot be called "${to}"`)
        }
        return this.rename(object, field, to)
      }
      case 'retype': {
        const type = TYPES.find((known) => known === body.type)
        if (!type) throw new Error(`A field can become ${TYPES.join(', ')}, not "${String(body.type)}"`)
        const length = typeof body.length === 'number' ? body.length : field.length || (isText(type) ? 255 : 0)
        return this.retype(object, field, { ...field, type, length: isText(type) ? length : 0, values: [] })
      }
      case 'remove-picklist-value':
        return this.removeValue(object, field, String(body.value))
      default:
        throw new Error(`There is no schema change "${String(body.op)}"`)
    }
  }

  private rename(object: ObjectDefinition, field: FieldDefinition, to: string) {
    this.original(object.name, field.name).name = to
    this.rewrite(
      object.name,
      ({ [field.name]: value = null, ...record }) => ({ ...record, [to]: value }) as StoredRecord,
    )
    return this.put(
      object,
      (fields) => fields.map((other) => (other === field ? { ...field, name: to } : other)),
      (order) => order.map((name) => (name === field.name ? to : name)),
    )
  }

  private retype(object: ObjectDefinition, field: FieldDefinition, wanted: FieldDefinition) {
    let lossy = false
    const empty: FieldValue = wanted.type === 'boolean' ? false : null
    this.rewrite(object.name, (record) => {
      const before = record[field.name] ?? null
      const after = before === null ? empty : (converted(field, wanted, before) ?? empty)
      if (before !== null && after === empty && before !== empty) lossy = true
      return { ...record, [field.name]: after }
    })
    const done = this.put(object, (fields) => fields.map((other) => (other === field ? wanted : other)))
    return { ...done, lossy }
  }

  private removeValue(object: ObjectDefinition, field: FieldDefinition, value: string) {
    if (!field.values.includes(value)) throw new Error(`${object.name}.${field.name} has no value "${value}"`)
    const table = VALUE_TABLES[`${object.name}.${field.name}`]
    for (const row of table === undefined ? [] : [...this.org.store.table(table).values()]) {
      if (row.ApiName !== value) continue
      this.removedRows.set(`${object.name}.${field.name}.${value}`, { table: table!, row })
      this.org.store.purge(table!, row.Id)
    }
    const values = field.values.filter((other) => other !== value)
    return this.put(object, (fields) => fields.map((other) => (other === field ? { ...field, values } : other)))
  }

  /** The original field, by its original name. */
  private restore(object: ObjectDefinition, name: string, body: Body) {
    const original = this.originals.get(`${object.name}.${name}`)
    if (!original) throw new Error(`${object.name}.${name} was never changed`)
    if (typeof body.value === 'string') return this.restoreValue(object, original, body.value)
    this.originals.delete(`${object.name}.${name}`)
    for (const value of original.field.values) this.restoreRow(`${object.name}.${name}.${value}`)
    if (original.name === null) {
      return this.put(
        object,
        (fields) => fields.toSpliced(Math.min(original.at, fields.length), 0, original.field),
        (order) => (original.orderAt < 0 ? order : order.toSpliced(original.orderAt, 0, name)),
      )
    }
    const present = object.fields.get(original.name)!
    if (present.name !== name) {
      this.rewrite(
        object.name,
        ({ [present.name]: value = null, ...record }) => ({ ...record, [name]: value }) as StoredRecord,
      )
    }
    if (present.type !== original.field.type) {
      this.rewrite(object.name, (record) => ({
        ...record,
        [name]: record[name] == null ? null : (converted(present, original.field, record[name]) ?? null),
      }))
    }
    return this.put(
      object,
      (fields) => fields.map((other) => (other === present ? original.field : other)),
      (order) => order.map((other) => (other === present.name ? name : other)),
    )
  }

  private restoreValue(object: ObjectDefinition, original: Original, value: string) {
    const present = object.fields.get(original.name ?? '')
    if (!present || !original.field.values.includes(value)) throw new Error(`"${value}" was never a value of the field`)
    this.restoreRow(`${object.name}.${original.field.name}.${value}`)
    const kept = new Set([...present.values, value])
    const values = original.field.values.filter((other) => kept.has(other))
    return this.put(object, (fields) => fields.map((other) => (other === present ? { ...present, values } : other)))
  }

  private restoreRow(key: string): void {
    const removed = this.removedRows.get(key)
    if (!removed) return
    this.org.store.seed(removed.table, removed.row)
    this.removedRows.delete(key)
  }

  private remember(object: ObjectDefinition, field: FieldDefinition): void {
    for (const [key, { name }] of this.originals) {
      if (key.startsWith(`${object.name}.`) && name === field.name) return
    }
    const at = [...object.fields.keys()].indexOf(field.name)
    const orderAt = this.schemas.orders.get(object.name)?.indexOf(field.name) ?? -1
    this.originals.set(`${object.name}.${field.name}`, { field, at, orderAt, name: field.name })
  }

  private original(object: string, presentName: string): Original {
    for (const [key, original] of this.originals) {
      if (key.startsWith(`${object}.`) && original.name === presentName) return original
    }
    throw new Error(`${object}.${presentName} is not remembered`)
  }

  private put(
    object: ObjectDefinition,
    change: (fields: FieldDefinition[]) => FieldDefinition[],
    reorder: (order: readonly string[]) => readonly string[] = (order) => order,
  ) {
    const changed = { ...object, ...indexFields(change([...object.fields.values()])) }
    this.org.catalog = new Map(this.org.catalog).set(object.name, changed)
    const order = this.schemas.orders.get(object.name)
    const schemaId = order === undefined ? null : rebuildSchema(changed, this.schemas, reorder(order))
    return { object: object.name, schemaId, lossy: false }
  }

  /** Changes the records without an event or a new modification date. */
  private rewrite(object: string, change: (record: StoredRecord) => StoredRecord): void {
    for (const record of [...this.org.store.table(object).values()]) this.org.store.seed(object, change(record))
  }
}

const SYSTEM: ReadonlySet<string> = new Set([
  'Name',
  'CreatedDate',
  'CreatedById',
  'LastModifiedDate',
  'LastModifiedById',
  'SystemModstamp',
  'IsDeleted',
  'MasterRecordId',
])

function remove(name: string): (order: readonly string[]) => readonly string[] {
  return (order) => order.filter((other) => other !== name)
}

function isText(type: FieldType): boolean {
  return !['boolean', 'int', 'double', 'currency', 'percent', 'date', 'datetime'].includes(type)
}

/** The value in its new type, or null where it does not fit. */
function converted(from: FieldDefinition, to: FieldDefinition, value: FieldValue): FieldValue {
  const text = from.type === 'datetime' && typeof value === 'number' ? formatDateTime(value) : String(value)
  if (isText(to.type)) return to.length > 0 ? text.slice(0, to.length) : text
  switch (to.type) {
    case 'boolean':
      return text === 'true'
    case 'date':
      return parseDate(text.slice(0, 10))
    case 'datetime':
      return parseDateTime(text)
    default: {
      const number = text.trim() === '' ? Number.NaN : Number(text)
      if (!Number.isFinite(number)) return null
      return to.type === 'int' ? Math.round(number) : number
    }
  }
}
