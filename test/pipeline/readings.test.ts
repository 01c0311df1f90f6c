import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { publishPolicies } from '../../src/pipeline/decide/publish-policies.ts'
import { contact, rowsOf, withHarness } from './contacts.ts'
import { contactPolicy, type Harness, versionOf } from './harness.ts'

const publish = (h: Harness, ...countries: Record<string, string>[]) =>
  publishPolicies(h.db, {
    loaded: countries.map((agreed, i) => ({
      file: `${i}.yaml`,
      source: '',
      version: versionOf(contactPolicy({ workflow: `routing-${i}`, readings: { countries: agreed, states: {} } })),
    })),
    refused: [],
  })

const phones = async (h: Harness) => {
  const rows = await rowsOf(
    h,
    sql<{ of: string }>`select record_id || ' ' || key as of from match_key
    where key like 'phone:%' order by 1`,
  )
  return rows.map(({ of }) => of)
}

describe('readings.yaml and the phone numbers of records', () => {
  it('decides the national prefix by the agreed country, of records that were there and that come', async () => {
    await withHarness(async (h) => {
      await h.receive(contact(h, '1', { country: 'Holand', phone: '020 624 1111' }))
      await h.receive(contact(h, '2', { country: 'Netherlands', phone: '020 624 1111' }))
      await h.receive(contact(h, '3', { country: 'Nowhere', phone: '020 624 1111' }))
      await h.settle()
      assert.deepEqual(await phones(h), ['2 phone:+31206241111'])

      await publish(h, { holand: 'NL' })
      await h.receive(contact(h, '4', { country: 'HOLAND ', phone: '(020) 624-1111' }))
      await h.settle()
      const ofThree = ['1', '2', '4'].map((id) => `${id} phone:+31206241111`)
      assert.deepEqual(await phones(h), ofThree)

      // Nobody says which of the two is meant.
      await publish(h, { holand: 'NL' }, { holand: 'GB' })
      await h.settle()
      assert.deepEqual(await phones(h), ['2 phone:+31206241111'])
      await publish(h, { holand: 'GB' })
      await h.settle()
      assert.deepEqual(await phones(h), ['1 phone:+44206241111', '2 phone:+31206241111', '4 phone:+44206241111'])
      await publish(h, {})
      await h.settle()
      assert.deepEqual(await phones(h), ['2 phone:+31206241111'])
    })
  })

  it('makes no key again where the readings are as they were', async () => {
    await withHarness(async (h) => {
      await publish(h, { holand: 'NL', deutshland: 'DE' })
      await h.receive(contact(h, '1', { country: 'Holand', phone: '020 624 1111' }))
      await h.settle()
      await publish(h, { deutshland: 'DE', holand: 'NL' })
      assert.deepEqual(await rowsOf(h, sql`select 1 from match_key_version where object_type is not null`), [])
    })
  })
})
