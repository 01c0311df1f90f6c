import avro from 'avsc'
import type { SchemaField } from './change-bitmap.ts'

/** One version of an object's event schema: decodes payloads and knows each field. */
export type EventSchema = {
  readonly id: string
  /** Top-level fields in schema order, the positions that bitmaps count. */
  readonly fields: readonly SchemaField[]
  decode(payload: Buffer): Record<string, unknown>
}

/** commitNumber and the like exceed what a double keeps exactly, so longs are read as bigint. */
const exactLong = avro.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const buffer = Buffer.alloc(8)
    buffer.writeBigInt64LE(value)
    return buffer
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
})

export function eventSchema(id: string, schemaJson: string): EventSchema {
  const parsed: unknown = JSON.parse(schemaJson)
  const type = avro.Type.forSchema(parsed as Parameters<typeof avro.Type.forSchema>[0], {
    registry: { long: exactLong },
    omitRecordMethods: true,
  })
  const named = new Map<string, readonly string[]>()
  const fields = recordFields(parsed).map((field) => ({
    name: String(field.name),
    children: childNames(field.type, named),
  }))
  if (fields[0]?.name !== 'ChangeEventHeader') {
    throw new Error(`schema ${id} is not one of a change event: it begins with ${fields[0]?.name ?? 'nothing'}`)
  }
  // Walking every field of every event is the larger half of decoding, and hardly any schema needs it.
  const wrapped = hasWrappedUnions(parsed)
  const decode = (payload: Buffer): Record<string, unknown> => {
    const body: unknown = type.fromBuffer(payload)
    return (wrapped ? unwrap(body) : body) as Record<string, unknown>
  }
  return { id, fields, decode }
}

type RawField = { readonly name?: unknown; readonly type?: unknown }

function recordFields(schema: unknown): readonly RawField[] {
  const { fields } = (typeof schema === 'object' && schema !== null ? schema : {}) as { fields?: unknown }
  return Array.isArray(fields) ? fields : []
}

/** Parts of a compound. A record is spelled out once and later only named (ShippingAddress after BillingAddress). */
function childNames(type: unknown, named: Map<string, readonly string[]>): readonly string[] {
  for (const branch of Array.isArray(type) ? type : [type]) {
    if (typeof branch === 'string') {
      const children = named.get(branch.split('.').at(-1)!)
      if (children) return children
    } else if (typeof branch === 'object' && branch !== null && branch.type === 'record') {
      const children = recordFields(branch).map((field) => String(field.name))
      named.set(String(branch.name).split('.').at(-1)!, children)
      return children
    }
  }
  return []
}

/** avsc wraps the values of a union whose branches it could not tell apart, such as two kinds of numbers. */
function hasWrappedUnions(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.length > 2 || schema.some(hasWrappedUnions)
  if (typeof schema !== 'object' || schema === null) return false
  const { type, items, values } = schema as Record<string, unknown>
  return (
    [type, items, values].some(hasWrappedUnions) || recordFields(schema).some((field) => hasWrappedUnions(field.type))
  )
}

/** Takes values out of the wrapper objects, so the rest of the code sees plain values. */
function unwrap(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value
  if (Array.isArray(value)) return value.map(unwrap)
  if ('unwrap' in value && typeof value.unwrap === 'function') return unwrap(value.unwrap())
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, unwrap(inner)]))
}
