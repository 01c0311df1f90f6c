import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Policy } from '../../src/model/policy/policy.ts'
import type { FieldText } from '../../src/model/record/change-event.ts'
import { markWakeUpsDue } from '../../src/store/records/wake-ups.ts'
import { contactPolicy, type Harness, pipelineHarness, staff } from './harness.ts'

const MADE = { CreatedDate: '2026-01-01T00:00:00.000Z' }

/** Leads and contacts of a Salesforce org; a rule settles the records of somebody who left. */
function salesforcePolicy(): Policy {
  const base = contactPolicy()
  const [all] = base.boundary
  const rule = { ...all!.rules[0]!, when: [{ field: 'fact.country', op: 'in', values: ['DE'] }] as never }
  return {
    ...base,
    objects: [
      { crm: 'salesforce', object: 'Contact' },
      { crm: 'salesforce', object: 'Lead' },
    ],
    patterns: [{ pattern: 'orphaned-owner', blankCounts: false }, { pattern: 'no-rule' }] as Policy['patterns'],
    boundary: [{ ...all!, rules: [rule], settles: ['orphaned-owner'] }],
  }
}

describe('a Salesforce record that is not shared with our user', () => {
  const started: Harness[] = []
  after(() => Promise.all(started.map((h) => h.stop())))

  const start = async () => {
    const h = await pipelineHarness((crm) => {
      staff(crm)
      return [salesforcePolicy()]
    }, 'salesforce')
    started.push(h)
    const left = h.crm.person('left@x.example', { active: false })
    await h.people()
    const hidden = new Map<string, Record<string, FieldText>>()
    const stage = {
      ...h,
      left,
      owner: (key: string) => (h.crm.records.get(key) ?? hidden.get(key))?.OwnerId ?? null,
      put: (key: string, fields: Record<string, FieldText>) => {
        const [objectType, id] = key.split('/') as [string, string]
        return h.receive(h.crm.change(objectType, id, { ...MADE, ...fields }))
      },
      /** Reads of it find nothing from now on, and no event comes. */
      hide(key: string) {
        hidden.set(key, h.crm.records.get(key)!)
        h.crm.records.delete(key)
      },
      show(key: string) {
        h.crm.records.set(key, hidden.get(key)!)
      },
      /** Something makes us read it again. */
      async reread(key: string) {
        const [objectType, id] = key.split('/') as [string, string]
        const known = h.crm.records.get(key)
        const gap = h.crm.change(objectType, id, {})
        if (known === undefined) h.crm.records.delete(key)
        await h.receive({ ...gap, kind: 'gap' })
        await stage.rounds()
      },
      async rounds() {
        for (let n = 0; n < 5; n += 1) await h.settle()
      },
      async lookAgain() {
        h.advance(120_000)
        await sql`update record set unseen_look_at = now() where unseen_look_at is not null`.execute(h.db)
        await stage.rounds()
      },
      async later(interval: string) {
        await sql`update held_record set since = since - ${interval}::interval`.execute(h.db)
        await sql`update record set unseen_since = unseen_since - ${interval}::interval`.execute(h.db)
        await sql`update unknown_input set look_at = now()`.execute(h.db)
        await sql`update wake_up set at = now()`.execute(h.db)
        await markWakeUpsDue(h.db, 100)
        await stage.rounds()
      },
      async known(key: string) {
        const { rows } = await sql<{ deleted: boolean; unseen: boolean; name: string }>`
          select deleted, unseen_since is not null as unseen, values->>'LastName' as name from record
          where object_type || '/' || record_id = ${key}`.execute(h.db)
        return rows[0]
      },
      async cases() {
        const { rows } = await sql<{ pattern: string; class: string; status: string }>`
          select pattern, class, status from exception where status <> 'resolved' order by pattern, id`.execute(h.db)
        return rows.map((one) => `${one.pattern} ${one.class} ${one.status}`)
      },
    }
    return stage
  }
  type Stage = Awaited<ReturnType<typeof start>>

  const contactOfAccount = async (h: Stage) => {
    await h.put('Account/A1', { Name: 'Big', Type: 'Customer', OwnerId: h.crm.users[0]!.userId })
    await h.put('Contact/C1', { LastName: 'Ann', OwnerId: h.left, MailingCountry: 'DE', AccountId: 'A1' })
    await h.rounds()
  }

  it('is unknown and never deleted: our copy stays, its case stays open, and no rule writes to it', async () => {
    const h = await start()
    await contactOfAccount(h)
    const before = ['orphaned-owner customer-facing open']
    assert.deepEqual(await h.cases(), before)
    h.hide('Contact/C1')
    await h.reread('Contact/C1')
    assert.deepEqual(await h.known('Contact/C1'), { deleted: false, unseen: true, name: 'Ann' })
    assert.deepEqual(await h.unknownInputs(), { 'Contact/*/not-visible': 1 })
    assert.deepEqual(await h.cases(), before, 'nothing is closed because nobody sees it')
    assert.equal(h.owner('Contact/C1'), h.left)

    h.show('Contact/C1')
    await h.lookAgain()
    assert.deepEqual(await h.known('Contact/C1'), { deleted: false, unseen: false, name: 'Ann' })
    assert.deepEqual(await h.unknownInputs(), {})
    assert.deepEqual(await h.cases(), before)
  })

  it('part of M15: is not "no account" of a contact, whose case keeps its class', async () => {
    const h = await start()
    await contactOfAccount(h)
    h.hide('Account/A1')
    await h.reread('Account/A1')
    assert.deepEqual(await h.unknownInputs(), { 'Account/*/not-visible': 1 })
    assert.equal(h.owner('Contact/C1'), h.left)
    await h.put('Contact/C1', { Title: 'CEO' })
    await h.rounds()
    assert.equal(h.owner('Contact/C1'), h.left)
    assert.deepEqual(await h.cases(), ['orphaned-owner customer-facing open'])
    h.show('Account/A1')
    await h.lookAgain()
    assert.deepEqual(await h.unknownInputs(), {})
    assert.deepEqual(await h.cases(), ['orphaned-owner customer-facing open'])
  })

  it('part of M15: is not "no account" either where it was never visible, and is one case for all contacts', async () => {
    const h = await start()
    for (const n of [1, 2, 3]) {
      await h.put(`Contact/C${n}`, { LastName: 'Ann', OwnerId: h.left, MailingCountry: 'DE', AccountId: 'A9' })
    }
    await h.rounds()
    for (const n of [1, 2, 3]) assert.equal(h.owner(`Contact/C${n}`), h.left)
    assert.deepEqual(await h.unknownInputs(), { 'Account/*/not-visible': 3 })
    assert.deepEqual(await h.cases(), [], 'it is looked for again first')
    await h.later('3 minutes')
    const inputs = (await h.openExceptions()).filter(({ pattern }) => pattern === 'unknown-input')
    assert.deepEqual(
      inputs.map(({ what, owner_email }) => [what, owner_email]),
      [
        [
          'The CRM does not show our user part of Account. Lanekeeper holds its automated changes to 3 records.',
          'data@x.example',
        ],
      ],
    )
    for (const n of [1, 2, 3]) assert.equal(h.owner(`Contact/C${n}`), h.left)

    await h.later('8 days')
    const [listed] = (await h.openExceptions()).filter(({ pattern }) => pattern === 'unknown-input')
    assert.match(listed!.what, /1 record has been out of sight for 7 days or longer, and the data owner has to settle/)
    const { rows } = await sql<{ todo: string }>`select todo from exception where id = ${listed!.id}`.execute(h.db)
    assert.match(rows[0]!.todo, /^Share the Account records that the case lists with the integration user\./)
  })

  it('is gone as soon as the CRM says so, and then it holds nothing', async () => {
    const h = await start()
    await contactOfAccount(h)
    h.hide('Account/A1')
    await h.reread('Account/A1')
    assert.deepEqual(await h.unknownInputs(), { 'Account/*/not-visible': 1 })
    await h.receive({ ...h.crm.change('Account', 'A1', {}), kind: 'deleted' })
    h.crm.records.delete('Account/A1')
    await h.rounds()
    assert.equal((await h.known('Account/A1'))?.deleted, true)
    assert.deepEqual(await h.unknownInputs(), {})
    assert.deepEqual(await h.cases(), ['orphaned-owner risky settled-by-rule'])
  })

  it('keeps a closed task in its check until the record is visible, and does not reopen it unread', async () => {
    const h = await start()
    await contactOfAccount(h)
    const [task] = h.crm.openTasks()
    h.hide('Contact/C1')
    await h.reread('Contact/C1')
    await h.closeTask(task!.id)
    await h.rounds()
    const state = async () =>
      (
        await sql<{ checking: boolean; reopened: number }>`
        select checking_since is not null as checking, reopened from task`.execute(h.db)
      ).rows
    assert.deepEqual(await state(), [{ checking: true, reopened: 0 }])
    h.show('Contact/C1')
    await h.lookAgain()
    assert.deepEqual(await state(), [{ checking: false, reopened: 1 }])
  })

  it('costs one call a look for all that are hidden, and ever fewer looks', async () => {
    const h = await start()
    for (let n = 0; n < 20; n += 1)
      await h.put(`Contact/C${n}`, { LastName: 'Ann', OwnerId: h.left, AccountId: `A${n}` })
    await h.rounds()
    const reads = () => h.crm.calls.filter((call) => call.startsWith('readRecords')).length
    const before = reads()
    await h.lookAgain()
    assert.equal(reads() - before, 1)
    await h.later('1 day')
    await h.lookAgain()
    const { rows } = await sql<{ hours: number }>`
      select extract(epoch from min(unseen_look_at) - now()) / 3600 as hours from record where unseen_since is not null`.execute(
      h.db,
    )
    assert.ok(Math.abs(Number(rows[0]!.hours) - 6) < 0.1, String(rows[0]!.hours))
  })
})
