import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import avro from 'avsc'
import { eventSchema } from './event-schema.ts'

const HEADER = {
  name: 'ChangeEventHeader',
  type: { type: 'record', name: 'ChangeEventHeader', fields: [{ name: 'commitNumber', type: 'long' }] },
}
const ADDRESS = { type: 'record', name: 'Address', fields: [{ name: 'City', type: ['null', 'string'] }] }

function schemaOf(...fields: unknown[]): string {
  return JSON.stringify({
    type: 'record',
    name: 'AccountChangeEvent',
    namespace: 'com.sforce.eventbus',
    fields: [HEADER, ...fields],
  })
}

/** Writes as another implementation would, with longs as numbers or as whatever `long` says. */
function encode(schemaJson: string, value: unknown, long?: avro.Type): Buffer {
  const schema = JSON.parse(schemaJson) as Parameters<typeof avro.Type.forSchema>[0]
  return avro.Type.forSchema(schema, long ? { registry: { long } } : {}).toBuffer(value)
}

describe('an event schema', () => {
  it('knows the parts of a compound, also where it is only named the second time', () => {
    const json = schemaOf(
      { name: 'Phone', type: ['null', 'string'] },
      { name: 'BillingAddress', type: ['null', ADDRESS] },
      { name: 'ShippingAddress', type: ['null', 'Address'] },
    )
    assert.deepEqual(eventSchema('a', json).fields, [
      { name: 'ChangeEventHeader', children: ['commitNumber'] },
      { name: 'Phone', children: [] },
      { name: 'BillingAddress', children: ['City'] },
      { name: 'ShippingAddress', children: ['City'] },
    ])
  })

  it('keeps numbers exact that a double would round', () => {
    const json = schemaOf({ name: 'Amount', type: ['null', 'double'] })
    const long = avro.types.LongType.__with({
      fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
      toBuffer: (value: bigint) => {
        const buffer = Buffer.alloc(8)
        buffer.writeBigInt64LE(value)
        return buffer
      },
      fromJSON: BigInt,
      toJSON: Number,
      isValid: (value: unknown) => typeof value === 'bigint',
      compare: () => 0,
    })
    const commitNumber = 2n ** 60n + 1n
    const payload = encode(json, { ChangeEventHeader: { commitNumber }, Amount: 1.5 }, long)
    const body = eventSchema('a', json).decode(payload)
    assert.equal((body.ChangeEventHeader as { commitNumber: bigint }).commitNumber, commitNumber)
    assert.equal(body.Amount, 1.5)
  })

  it('reads a name that may be text or a person, and a number of two kinds, as plain values', () => {
    const person = { type: 'record', name: 'PersonName', fields: [{ name: 'LastName', type: ['null', 'string'] }] }
    const json = schemaOf(
      { name: 'Name', type: ['null', 'string', person] },
      { name: 'Size', type: ['null', 'int', 'double'] },
    )
    const schema = eventSchema('a', json)
    const decode = (Name: unknown, Size: unknown) => {
      const { ChangeEventHeader: _, ...body } = schema.decode(
        encode(json, { ChangeEventHeader: { commitNumber: 1 }, Name, Size }),
      )
      return JSON.parse(JSON.stringify(body))
    }
    assert.deepEqual(decode('Acme', { int: 7 }), { Name: 'Acme', Size: 7 })
    assert.deepEqual(decode({ LastName: 'Byron' }, { double: 7.5 }), { Name: { LastName: 'Byron' }, Size: 7.5 })
    assert.deepEqual(schema.fields[1], { name: 'Name', children: ['LastName'] })
  })

  it('is refused when it is not one of a change event', () => {
    const json = JSON.stringify({ type: 'record', name: 'Other', fields: [{ name: 'x', type: 'string' }] })
    assert.throws(() => eventSchema('a', json), /not one of a change event/)
    assert.throws(() => eventSchema('a', '{"type":'))
  })

  it('refuses a message that is cut short or of another version', () => {
    const json = schemaOf({ name: 'Phone', type: ['null', 'string'] })
    const payload = encode(json, { ChangeEventHeader: { commitNumber: 1 }, Phone: '+49 30 1' })
    assert.throws(() => eventSchema('a', json).decode(payload.subarray(0, 5)))
    assert.throws(() => eventSchema('a', json).decode(Buffer.concat([payload, Buffer.from([1])])))
  })
})
