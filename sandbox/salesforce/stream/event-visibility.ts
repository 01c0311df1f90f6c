import type { EventSchema, SchemaSlot } from './avro-schemas.ts'

type Message = Record<string, unknown> & {
  ChangeEventHeader: { recordIds: string[]; nulledFields: string[]; diffFields: string[]; changedFields: string[] }
}

/** The event for a subscriber who may not see these: without the fields' values and bits, and without the records' ids. */
export function withoutHidden(
  schema: EventSchema,
  payload: Buffer,
  hidden: { readonly fields: readonly string[]; readonly records: readonly string[] },
): Buffer {
  const message = schema.type.fromBuffer(payload) as Message
  const header = message.ChangeEventHeader
  header.recordIds = header.recordIds.filter((id) => !hidden.records.includes(id))
  for (const field of hidden.fields) {
    const slot = schema.slots.get(field)
    if (!slot) continue
    blank(message, slot)
    for (const list of ['nulledFields', 'diffFields', 'changedFields'] as const) {
      header[list] = header[list].map((bits) => cleared(bits, slot)).filter((bits) => bits !== '')
    }
  }
  return schema.type.toBuffer(message)
}

function blank(message: Message, slot: SchemaSlot): void {
  const value = message[slot.name]
  if (slot.part === null) message[slot.name] = null
  else if (typeof value === 'object' && value !== null) (value as Record<string, unknown>)[slot.part.name] = null
}

/** One element of a bitmap (`0x..`, or `<parent>-0x..`) without the slot's bit; empty when no bit is left. */
function cleared(element: string, slot: SchemaSlot): string {
  const prefix = slot.part === null ? '' : `${slot.index}-`
  if (!element.startsWith(`${prefix}0x`)) return element
  const bits = BigInt(element.slice(prefix.length))
  const left = bits & ~(1n << BigInt(slot.part?.index ?? slot.index))
  if (left === bits) return element
  return left === 0n ? '' : `${prefix}0x${evenDigits(left)}`
}

function evenDigits(value: bigint): string {
  const text = value.toString(16).toUpperCase()
  return text.length % 2 === 0 ? text : `0${text}`
}
