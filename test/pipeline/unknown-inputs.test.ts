import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import { setWritePermission } from '../../src/connections/lifecycle/write-permission.ts'
import type { Policy } from '../../src/model/policy/policy.ts'
import type { FieldText } from '../../src/model/record/change-event.ts'
import { waitsMs } from '../../src/pipeline/decide/short-gap.ts'
import { queueRedecision } from '../../src/store/decisions/redecide-queue.ts'
import { saveSchema } from '../../src/store/records/object-schemas.ts'
import { endRefusal, saveRefusal } from '../../src/store/records/unreadable-objects.ts'
import { markWakeUpsDue } from '../../src/store/records/wake-ups.ts'
import { contactPolicy, type Harness, pipelineHarness, staff } from './harness.ts'

const MADE = { createdate: '2026-01-01T00:00:00.000Z' }
const base = contactPolicy()
/** As the shipped policies do: a rule settles the records of somebody who left. */
const SETTLING = { boundary: [{ ...base.boundary[0]!, settles: ['orphaned-owner'] }] }

describe('an input that is not known', () => {
  const started: Harness[] = []
  after(() => Promise.all(started.map((h) => h.stop())))

  const start = async (change: Partial<Policy> = {}) => {
    const h = await pipelineHarness((crm) => {
      staff(crm)
      return [contactPolicy(change)]
    })
    started.push(h)
    const left = h.crm.person('left@x.example', { active: false })
    await h.people()
    return {
      ...h,
      left,
      owner: (id: string) => h.crm.records.get(`contacts/${id}`)?.hubspot_owner_id ?? null,
      contact: (id: string, fields: Record<string, FieldText>) =>
        h.receive(h.crm.change('contacts', id, { ...MADE, lifecyclestage: 'lead', ...fields })),
      /** The CRM shows these fields to us no more, or shows all of them again. */
      async hide(objectType: string, ...unreadable: string[]) {
        await saveSchema(h.db, h.connection.id, { objectType, fields: [] }, unreadable, [])
        await queueRedecision(h.db, h.connection.id)
      },
      /** As if the reading had been on its way for longer than it should. */
      async waitForReading() {
        await sql`update held_record set since = since - interval '3 minutes'`.execute(h.db)
        await sql`update unknown_input set look_at = now() where look_at is not null`.execute(h.db)
        await sql`update wake_up set at = now()`.execute(h.db)
        await markWakeUpsDue(h.db, 100)
      },
      async cases() {
        const { rows } = await sql<{ pattern: string; class: string; status: string }>`
          select pattern, class, status from exception where status <> 'resolved' order by pattern, id`.execute(h.db)
        return rows.map((one) => `${one.pattern} ${one.class} ${one.status}`)
      },
    }
  }

  it('part of M15: lets no rule write to a record whose account was not read, and asks for the account', async () => {
    const h = await start(SETTLING)
    h.crm.records.set('companies/500', { ...MADE, name: 'Big', lifecyclestage: 'customer', hubspot_owner_id: null })
    await h.contact('1', { hubspot_owner_id: h.left, country: 'DE', associatedcompanyid: '500' })
    await h.apply()
    await h.refresh()
    await h.decide()
    await h.act()
    assert.equal(h.owner('1'), h.left)
    assert.deepEqual(await h.unknownInputs(), { 'companies/*/not-read': 1 })
    assert.deepEqual(await h.cases(), [], 'what is being read is no case yet')

    await h.settle()
    assert.equal(h.owner('1'), h.left)
    assert.deepEqual(await h.unknownInputs(), {})
    assert.deepEqual(await h.cases(), ['orphaned-owner customer-facing open'])
  })

  it('is settled by the rule as soon as the account was read and is no customer', async () => {
    const h = await start(SETTLING)
    h.crm.records.set('companies/500', { ...MADE, name: 'Small', lifecyclestage: 'lead', hubspot_owner_id: null })
    await h.contact('1', { hubspot_owner_id: h.left, country: 'DE', associatedcompanyid: '500' })
    await h.settle()
    await h.settle()
    assert.notEqual(h.owner('1'), h.left)
    assert.deepEqual(await h.cases(), ['orphaned-owner risky settled-by-rule'])
  })

  it('is no case for two minutes while it is only unread, and then one case that clears when it was read', async () => {
    const h = await start(SETTLING)
    await h.contact('1', { hubspot_owner_id: h.left, country: 'DE', associatedcompanyid: '500' })
    await h.apply()
    await h.refresh()
    await h.decide()
    assert.deepEqual(await h.cases(), [])
    await h.waitForReading()
    await h.decide()
    assert.deepEqual(await h.cases(), ['orphaned-owner unknown open', 'unknown-input unknown open'])

    h.crm.records.set('companies/500', { ...MADE, name: 'Small', lifecyclestage: 'lead', hubspot_owner_id: null })
    await h.receive(h.crm.change('companies', '500', { name: 'Small' }))
    await h.settle()
    assert.deepEqual(await h.unknownInputs(), {})
    assert.deepEqual(await h.cases(), ['orphaned-owner risky settled-by-rule'])
    assert.notEqual(h.owner('1'), h.left)
    const { rows } = await sql`select resolution from exception where pattern = 'unknown-input'`.execute(h.db)
    assert.deepEqual(rows, [{ resolution: 'explained-by-reading' }])
  })

  it('part of M15: holds every record of companies that the CRM refuses, as one case with one task', async () => {
    const h = await start(SETTLING)
    await saveRefusal(h.db, h.connection.id, 'companies', ['lifecyclestage', 'industry', 'hubspot_owner_id'])
    for (const id of ['1', '2', '3']) {
      await h.contact(id, { hubspot_owner_id: h.left, country: 'DE', associatedcompanyid: `50${id}` })
    }
    await h.settle()
    for (const id of ['1', '2', '3']) assert.equal(h.owner(id), h.left)
    assert.deepEqual(await h.unknownInputs(), { 'companies/*/refused': 3 })
    const inputs = (await h.openExceptions()).filter(({ pattern }) => pattern === 'unknown-input')
    assert.equal(inputs.length, 1)
    assert.equal(inputs[0]!.owner_email, 'data@x.example')
    assert.equal(inputs[0]!.what, 'The CRM shows us no companies. Lanekeeper holds its automated changes to 3 records.')
    assert.equal(h.crm.openTasks().filter(({ ownerId }) => ownerId === inputOwner(h)).length, 1)

    await endRefusal(h.db, h.connection.id, { objectType: 'companies', fields: [] }, [])
    for (const id of ['1', '2', '3']) h.crm.records.set(`companies/50${id}`, { ...MADE, lifecyclestage: 'lead' })
    await queueRedecision(h.db, h.connection.id)
    await h.settle()
    await h.settle()
    assert.deepEqual(await h.unknownInputs(), {})
    for (const id of ['1', '2', '3']) assert.notEqual(h.owner(id), h.left)
    assert.deepEqual(h.crm.openTasks(), [])
  })

  it('part of M15: of an earlier branch keeps the rule of a later one from writing', async () => {
    const [all] = base.boundary
    const large = { ...all!, branch: 'large', mode: 'review' as const, rules: [] }
    const h = await start({
      boundary: [{ ...large, when: [{ field: 'annualrevenue', op: 'not-blank' }] }, all!],
    })
    await h.hide('contacts', 'annualrevenue')
    for (const id of ['1', '2']) await h.contact(id, { hubspot_owner_id: null, country: 'DE' })
    await h.settle()
    assert.deepEqual([h.owner('1'), h.owner('2')], [null, null])
    assert.deepEqual(await h.unknownInputs(), { 'contacts/annualrevenue/hidden': 2 })
    assert.deepEqual(await h.cases(), ['unknown-input unknown open'])

    await h.hide('contacts')
    await h.settle()
    assert.notEqual(h.owner('1'), null)
    assert.notEqual(h.owner('2'), null)
    assert.deepEqual(await h.cases(), [])
  })

  it('is reported although it only keeps a pattern from finding something', async () => {
    const compared = { pattern: 'duplicate-ownership', against: [{ crm: 'hubspot', object: 'contacts' }] }
    const h = await start({
      patterns: [{ ...compared, againstAccountOwner: false }, ...base.patterns] as Policy['patterns'],
      classes: [{ pattern: 'duplicate-ownership', when: [], class: 'risky', because: 'Two.' }, ...base.classes],
    })
    await h.hide('contacts', 'email')
    const rep = h.crm.users.find(({ email }) => email === 'rep@x.example')!.userId
    await h.contact('1', { hubspot_owner_id: rep, country: 'DE' })
    await h.settle()
    assert.deepEqual(await h.unknownInputs(), { 'contacts/email/hidden': 1 })
    assert.deepEqual(await h.cases(), ['unknown-input unknown open'])
  })

  it('leaves other patterns of the record as they are, and closes no case that it only cannot see any more', async () => {
    const h = await start()
    const rep = h.crm.users.find(({ email }) => email === 'rep@x.example')!.userId
    await h.contact('1', { hubspot_owner_id: rep, country: null })
    await h.contact('2', { hubspot_owner_id: h.left, country: 'DE' })
    await h.settle()
    const before = ['missing-field expected open', 'orphaned-owner risky open']
    assert.deepEqual(await h.cases(), before)
    await h.hide('contacts', 'country')
    await h.settle()
    assert.deepEqual(await h.cases(), [...before, 'unknown-input unknown open'])
    assert.deepEqual(await h.unknownInputs(), { 'contacts/country/hidden': 2 })
    await h.hide('contacts')
    await h.settle()
    assert.deepEqual(await h.cases(), before)
  })

  it('part of M15: takes back an owner write that waits, as soon as the record is decided otherwise', async () => {
    const [all] = base.boundary
    const large = { ...all!, branch: 'large', mode: 'review' as const, rules: [] }
    const boundary = [{ ...large, when: [{ field: 'annualrevenue', op: 'not-blank' as const }] }, all!]
    const h = await start({ boundary })
    await h.contact('1', { hubspot_owner_id: null, country: 'DE' })
    await h.apply()
    await h.refresh()
    await h.decide()
    await h.hide('contacts', 'annualrevenue')
    await h.decide()
    await h.act()
    assert.equal(h.owner('1'), null)
    const { rows } = await sql`select state, not_sent from intent where kind = 'owner'`.execute(h.db)
    assert.deepEqual(rows, [{ state: 'cancelled', not_sent: 'decided-otherwise' }])
    await h.hide('contacts')
    await h.settle()
    assert.notEqual(h.owner('1'), null)
  })

  it('part of M15: is not over because time has passed: the owner stays unwritten and the case open', async () => {
    const flapping = { pattern: 'ownership-flapping' as const, changes: 3, withinHours: 72 }
    const h = await start({ patterns: [flapping, ...base.patterns] as Policy['patterns'] })
    const [one, two] = h.crm.users.map(({ userId }) => userId)
    for (const owner of [null, one!, null, two!, null]) await h.contact('1', { hubspot_owner_id: owner, country: 'DE' })
    await h.settle()
    const before = await h.cases()
    assert.ok(before.includes('ownership-flapping unknown open'), before.join())
    assert.equal(h.owner('1'), null)
    h.advance(30 * 86_400_000)
    await sql`update record set dirty_since = now()`.execute(h.db)
    await h.settle()
    assert.ok((await h.cases()).includes('ownership-flapping unknown open'))
    assert.equal(h.owner('1'), null)
    await h.receive({ ...h.crm.change('contacts', '1', {}), kind: 'deleted' })
    await h.settle()
    assert.deepEqual(await h.cases(), [])
  })

  it('leaves open cases and their tasks alone while companies are refused for a few minutes', async () => {
    const h = await start()
    const rep = h.crm.users.find(({ email }) => email === 'rep@x.example')!.userId
    const companies = ['lifecyclestage', 'industry', 'hubspot_owner_id']
    for (let id = 0; id < 12; id += 1) {
      h.crm.records.set(`companies/5${id}`, { ...MADE, lifecyclestage: 'customer', hubspot_owner_id: rep })
      await h.contact(String(id), { hubspot_owner_id: h.left, country: 'FR', associatedcompanyid: `5${id}` })
    }
    await h.settle()
    await h.settle()
    const before = await h.cases()
    assert.equal(before.filter((one) => one === 'orphaned-owner customer-facing open').length, 12)
    const writes = () => h.crm.calls.filter((call) => call.startsWith('writeTasks')).length
    const written = writes()
    await saveRefusal(h.db, h.connection.id, 'companies', companies)
    await queueRedecision(h.db, h.connection.id)
    await h.settle()
    assert.deepEqual(await h.cases(), [...before, 'unknown-input unknown open'])
    assert.equal(writes() - written, 1, 'the task of the input alone')
    await endRefusal(h.db, h.connection.id, { objectType: 'companies', fields: [] }, [])
    await queueRedecision(h.db, h.connection.id)
    await h.settle()
    assert.deepEqual(await h.cases(), before)
    assert.equal(writes() - written, 2, 'and its end')

    await saveRefusal(h.db, h.connection.id, 'companies', companies)
    await queueRedecision(h.db, h.connection.id)
    await h.settle()
    await h.waitForReading()
    await h.settle()
    const refused = await h.cases()
    assert.equal(refused.filter((one) => one === 'orphaned-owner unknown open').length, 12, 'after two minutes, once')
  })

  it('has two minutes of its own, also on a record that waits for another input for longer', async () => {
    const h = await start(SETTLING)
    h.crm.unreadable.add('user-new')
    await h.contact('1', { hubspot_owner_id: h.left, country: 'DE', associatedcompanyid: '500' })
    await h.apply()
    await h.refresh()
    await h.decide()
    await h.waitForReading()
    await h.decide()
    assert.deepEqual(await h.cases(), ['orphaned-owner unknown open', 'unknown-input unknown open'])
    const { rows } = await sql<{ ms: number }>`
      select extract(epoch from now() - since) * 1000 as ms from held_record`.execute(h.db)
    assert.ok(rows.every(({ ms }) => Number(ms) >= 120_000))
    const held = new Map([
      [
        'contacts/1',
        new Map([
          ['old', 200_000],
          ['new', 1_000],
        ]),
      ],
    ])
    const record = { objectType: 'contacts', recordId: '1' }
    const rests = (...keys: string[]) => ({ awaitsReading: true, classRestsOn: keys, restsOn: keys })
    assert.equal(waitsMs(rests('new'), held, record, false), 119_000)
    assert.equal(waitsMs(rests('old'), held, record, false), 0)
    assert.equal(waitsMs(rests('old', 'new'), held, record, false), 0, 'it is a case anyway')
    assert.equal(waitsMs(rests('old', 'new'), held, record, true), 119_000, 'an open case is changed once')
    assert.equal(waitsMs(rests('other'), held, record, true), 120_000)
  })

  it('of a connection that may not be written to has no task, and its case says who would get it', async () => {
    const h = await start()
    await setWritePermission(h.db, h.connection.id, { allowed: false, by: 'test', nowMs: 0 })
    await h.hide('contacts', 'country')
    await h.contact('1', { hubspot_owner_id: null })
    await h.settle()
    assert.deepEqual(await h.cases(), ['unknown-input unknown open'])
    const state = async () =>
      (
        await sql<{ todo: string; tasks: number }>`
          select todo, (select count(*) from task)::int as tasks from exception where status = 'open'`.execute(h.db)
      ).rows[0]!
    assert.equal((await state()).tasks, 0)
    assert.match((await state()).todo, /Writing is off for this connection, so there is no task; data@x\.example would/)

    await setWritePermission(h.db, h.connection.id, { allowed: true, by: 'test', nowMs: 0 })
    await h.settle()
    assert.equal((await state()).tasks, 1)
    assert.doesNotMatch((await state()).todo, /Writing is off/)
    assert.equal(h.crm.openTasks().length, 1)
  })

  it('is one case however many records it holds, and its task is not written anew for each', async () => {
    const h = await start()
    await h.hide('contacts', 'country')
    for (let id = 0; id < 40; id += 1) await h.contact(String(id), { hubspot_owner_id: null })
    await h.settle()
    for (let id = 40; id < 49; id += 1) await h.contact(String(id), { hubspot_owner_id: null })
    const calls = h.crm.calls.filter((call) => call.startsWith('writeTasks')).length
    await h.settle()
    assert.deepEqual(await h.unknownInputs(), { 'contacts/country/hidden': 49 })
    assert.deepEqual(await h.cases(), ['unknown-input unknown open'])
    assert.equal(h.crm.calls.filter((call) => call.startsWith('writeTasks')).length, calls)
    const [task] = h.crm.openTasks()
    assert.equal(task!.subject, 'Unknown: country of contacts is not known')
    assert.match(task!.body, /holds its automated changes to at least 40 records/)
    assert.match(task!.body, /Why you: you look after the data of the workflow/)
    assert.match(task!.body, /What to do: Ask your CRM admin to let the integration user read country of contacts\./)
    assert.doesNotMatch(task!.body, /What would have happened/)
    await h.receive({ ...h.crm.change('contacts', '7', {}), kind: 'deleted' })
    await h.settle()
    assert.deepEqual(await h.unknownInputs(), { 'contacts/country/hidden': 48 })
  })
})

function inputOwner(h: Pick<Harness, 'crm'>): string {
  return h.crm.users.find(({ email }) => email === 'data@x.example')!.userId
}
