import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { FieldText } from '../../src/model/record/change-event.ts'
import { publishPolicies } from '../../src/pipeline/decide/publish-policies.ts'
import { verifyLedger } from '../../src/store/ledger/verify-ledger.ts'
import { markWakeUpsDue } from '../../src/store/records/wake-ups.ts'
import { claimIntents, finishIntents } from '../../src/store/writes/intents.ts'
import { applyBacklog } from '../support/apply-backlog.ts'
import { contactPolicy, type Harness, pipelineHarness, staff, TUESDAY_MS, versionOf } from './harness.ts'

const CREATED = '2026-11-20T08:00:00.000Z'

describe('the pipeline, on real Postgres', () => {
  const started: Harness[] = []
  const start = async (change: Parameters<typeof contactPolicy>[0] = {}) => {
    const harness = await pipelineHarness((crm) => {
      staff(crm)
      return [contactPolicy(change)]
    })
    started.push(harness)
    return harness
  }
  after(() => Promise.all(started.map((harness) => harness.stop())))

  /** A contact that somebody made, told by an event that carries one field: the rest has to be read. */
  const contact = (h: Harness, id: string, fields: Record<string, FieldText>) =>
    h.crm.change('contacts', id, { createdate: CREATED, ...fields })

  it('routes a contact that a rule covers, writes the owner once, and does not react to the echo', async () => {
    const h = await start()
    const rep = h.crm.users.find((u) => u.email === 'rep@x.example')!.userId
    await h.receive(contact(h, '1', { firstname: 'Ann', country: 'DE', hubspot_owner_id: null }))
    await h.settle()
    assert.equal(h.crm.records.get('contacts/1')?.hubspot_owner_id, rep)
    const echo = {
      ...h.crm.change('contacts', '1', { hubspot_owner_id: rep }, Date.now()),
      actor: { kind: 'integration' as const, id: '1', ours: true },
    }
    await h.receive(echo)
    await h.settle()
    assert.equal(h.crm.calls.filter((call) => call.startsWith('writeOwners')).length, 1)
    const { rows } = await sql<{
      skip_reason: string
    }>`select skip_reason from change_event where dedupe_key = ${echo.dedupeKey}`.execute(h.db)
    assert.equal(rows[0]?.skip_reason, 'own-write')
    assert.deepEqual(await h.openExceptions(), [])
  })

  it('decides on the owner that it wrote while the CRM has not told of it, and looks again soon', async () => {
    const h = await start({
      patterns: [
        {
          pattern: 'duplicate-ownership',
          against: [{ crm: 'hubspot', object: 'contacts' }],
          againstAccountOwner: false,
        },
      ],
    })
    const gen = h.crm.users.find((u) => u.email === 'gen@x.example')!.userId
    const email = 'ann@acme.example'
    await h.receive(contact(h, '1', { firstname: 'Ann', email, country: 'DE', hubspot_owner_id: null }))
    await h.settle()
    const older = {
      firstname: 'Ann',
      email,
      country: 'FR',
      hubspot_owner_id: gen,
      createdate: '2026-11-01T08:00:00.000Z',
    }
    await h.receive({ ...h.crm.change('contacts', '2', older), complete: true })
    await h.settle()
    const { rows } = await sql<{ owner: string | null; what: string; reasons: string[] }>`
      select r.owner_id as owner, e.what, array(select w.reason from wake_up w where w.record_id = '1') as reasons
      from record r join exception e on e.record_id = r.record_id where r.record_id = '1'`.execute(h.db)
    assert.equal(rows.length, 1)
    assert.equal(rows[0]!.owner, null, 'our copy is as it was read')
    assert.match(rows[0]!.what, /^rep@x\.example owns this contact, but gen@x\.example owns/)
    assert.ok(rows[0]!.reasons.includes('other-write'), `looked at again for: ${rows[0]!.reasons}`)
  })

  it('gives records and tasks to people only: a queue with the address of a person is nobody', async () => {
    const h = await pipelineHarness((crm) => {
      staff(crm)
      for (const email of ['rep@x.example', 'gen@x.example']) {
        const userId = crm.person(email)
        crm.users[crm.users.length - 1] = { ...crm.users.at(-1)!, userId, kind: 'queue', activeMembers: 1 }
      }
      const [branch] = contactPolicy().boundary
      const when = [{ field: 'BillingCountry', op: 'in' as const, values: ['DE'] }]
      return [
        contactPolicy({
          objects: [{ crm: 'salesforce', object: 'Account' }],
          patterns: [{ pattern: 'no-rule' }],
          boundary: [{ ...branch!, rules: [{ ...branch!.rules[0]!, when }] }],
        }),
      ]
    }, 'salesforce')
    started.push(h)
    const person = (email: string) => h.crm.users.find((u) => u.email === email && u.kind === 'person')!.userId
    const account = { CreatedDate: CREATED, OwnerId: null }
    await h.receive(
      h.crm.change('Account', 'A1', { ...account, Name: 'Acme', BillingCountry: 'DE' }),
      h.crm.change('Account', 'A2', { ...account, Name: 'Apex', BillingCountry: 'FR' }),
    )
    await h.settle()
    assert.equal(h.crm.records.get('Account/A1')?.OwnerId, person('rep@x.example'))
    assert.deepEqual(
      h.crm.openTasks().map(({ about, ownerId }) => [about?.recordId, ownerId]),
      [['A2', person('gen@x.example')]],
    )
  })

  describe('the event of a lead that we gave an owner', () => {
    const OURS = { kind: 'integration' as const, id: '1', ours: true }
    const START = { CreatedDate: CREATED, LastName: 'Ann', Country: 'DE', OwnerId: null, Status: 'New' }
    /** Written by us, and read again by nobody: the copy is as it was before. */
    const written = async () => {
      const h = await pipelineHarness((crm) => {
        staff(crm)
        const [branch] = contactPolicy().boundary
        const when = [{ field: 'Country', op: 'in' as const, values: ['DE'] }]
        return [
          contactPolicy({
            objects: [{ crm: 'salesforce', object: 'Lead' }],
            patterns: [{ pattern: 'orphaned-owner', blankCounts: false }],
            boundary: [{ ...branch!, rules: [{ ...branch!.rules[0]!, when }] }],
          }),
        ]
      }, 'salesforce')
      started.push(h)
      const id = (email: string) => h.crm.users.find((u) => u.email === email)!.userId
      await h.receive(h.crm.change('Lead', '1', START))
      await h.settle()
      const rep = id('rep@x.example')
      assert.equal(h.crm.records.get('Lead/1')?.OwnerId, rep)
      return { h, rep, other: id('gen@x.example') }
    }
    const copy = async (h: Harness) => {
      const { rows } = await sql<{ owner: string | null; status: string; dirty: boolean }>`
        select values->>'OwnerId' as owner, values->>'Status' as status, dirty_since is not null as dirty
        from record where record_id = '1'`.execute(h.db)
      return rows[0]!
    }
    /** As the stream has it: what the transaction changed, from whatever within it, under our name. */
    const told = async (h: Harness, fields: Record<string, FieldText>) => {
      const event = { ...h.crm.change('Lead', '1', fields, Date.now()), actor: OURS, source: 'stream' as const }
      await h.receive(event)
      await h.apply()
      const { rows } = await sql<{ state: string; reason: string | null }>`
        select state, skip_reason as reason from change_event where dedupe_key = ${event.dedupeKey}`.execute(h.db)
      return rows[0]!
    }
    const MOVED = {
      LastModifiedDate: '2026-11-24T09:00:01.000Z',
      LastModifiedById: '1',
      LastTransferDate: '2026-11-24',
    }

    it('is no news when nothing else changed, and the copy has the owner', async () => {
      const { h, rep } = await written()
      assert.equal((await copy(h)).owner, null)
      assert.deepEqual(await told(h, { OwnerId: rep, ...MOVED }), { state: 'skipped', reason: 'own-write' })
      assert.equal((await copy(h)).owner, rep)
    })

    it('is news when a trigger changed another field in the same transaction', async () => {
      const { h, rep } = await written()
      assert.deepEqual(await told(h, { OwnerId: rep, Status: 'Working', ...MOVED }), { state: 'applied', reason: null })
      assert.deepEqual(await copy(h), { owner: rep, status: 'Working', dirty: true })
    })

    it('is news when a rule gave the lead to somebody else in the same transaction', async () => {
      const { h, other } = await written()
      assert.deepEqual(await told(h, { OwnerId: other, ...MOVED }), { state: 'applied', reason: null })
      assert.deepEqual(await copy(h), { owner: other, status: 'New', dirty: true })
      await h.settle()
      assert.equal(h.crm.records.get('Lead/1')?.OwnerId, other, 'and is left alone')
      assert.equal(h.crm.calls.filter((call) => call.startsWith('writeOwners')).length, 1)
    })
  })

  it('writes one task for a case, however often the event arrives', async () => {
    const h = await start()
    const event = contact(h, '1', { firstname: 'Ann', country: 'FR', hubspot_owner_id: null })
    await Promise.all(Array.from({ length: 20 }, () => h.receive(event)))
    await h.settle()
    await h.receive(event)
    await h.settle()
    assert.equal(h.crm.openTasks().length, 1)
    assert.match(h.crm.openTasks()[0]!.subject, /^Unknown: no rule covers it, contact Ann$/)
  })

  it('part of M15: a case of unknown class holds the action, whatever the rules would say', async () => {
    const h = await start({ classes: [] })
    const left = h.crm.person('left@x.example', { active: false })
    await h.people()
    await h.receive(contact(h, '1', { country: 'DE', hubspot_owner_id: left }))
    await h.settle()
    assert.equal((await h.openExceptions())[0]?.class, 'unknown')
    assert.equal(h.crm.records.get('contacts/1')?.hubspot_owner_id, left)
  })

  it('part of M47: all records of one person who left become one task with a list', async () => {
    const h = await start()
    const left = h.crm.person('left@x.example', { active: true })
    await h.people()
    for (let n = 1; n <= 30; n += 1)
      await h.receive(contact(h, String(n), { firstname: `C${n}`, country: 'DE', hubspot_owner_id: left }))
    await h.settle()
    assert.equal(h.crm.openTasks().length, 0)
    h.crm.users.find((u) => u.userId === left)
    h.crm.users.splice(
      h.crm.users.findIndex((u) => u.userId === left),
      1,
      { ...h.crm.users.find((u) => u.userId === left)!, active: false },
    )
    await h.people()
    await h.settle()
    assert.equal((await h.openExceptions()).length, 30)
    assert.equal(h.crm.openTasks().length, 1)
    const [task] = h.crm.openTasks()
    assert.match(task!.subject, /30 records/)
    assert.match(task!.body, /and 5 more/)
  })

  it('closes the task by itself, and says why, when the condition clears', async () => {
    const h = await start()
    const rep = h.crm.users.find((u) => u.email === 'rep@x.example')!.userId
    await h.receive(contact(h, '1', { firstname: 'Ann', country: null, hubspot_owner_id: rep }))
    await h.settle()
    assert.equal(h.crm.openTasks().length, 1)
    await h.receive(h.crm.change('contacts', '1', { country: 'DE' }))
    await h.settle()
    assert.equal(h.crm.openTasks().length, 0)
    const [task] = [...h.crm.tasks.values()]
    assert.match(task!.body, /^Closed automatically/)
  })

  it('opens a task again, with what is still wrong, when a person closed it and the case is still there', async () => {
    const h = await start()
    const rep = h.crm.users.find((u) => u.email === 'rep@x.example')!.userId
    await h.receive(contact(h, '1', { firstname: 'Ann', country: null, hubspot_owner_id: rep }))
    await h.settle()
    await h.closeTask(h.crm.openTasks()[0]!.id)
    await h.settle()
    assert.equal(h.crm.tasks.size, 1)
    assert.equal(h.crm.openTasks().length, 1)
    assert.match(h.crm.openTasks()[0]!.body, /^Reopened: .*the problem remains: country is blank/)
  })

  it('believes a closed task when the condition is gone, even if the event that says so never came', async () => {
    const h = await start()
    const rep = h.crm.users.find((u) => u.email === 'rep@x.example')!.userId
    await h.receive(contact(h, '1', { firstname: 'Ann', country: null, hubspot_owner_id: rep }))
    await h.settle()
    h.crm.change('contacts', '1', { country: 'DE' }) // in the CRM, but not received
    await h.closeTask(h.crm.openTasks()[0]!.id)
    await h.settle()
    assert.equal(h.crm.openTasks().length, 0)
    const { rows } = await sql<{ closed_by: string }>`select closed_by from task`.execute(h.db)
    assert.deepEqual(rows, [{ closed_by: 'person' }])
  })

  for (const taskKeyEnforced of [true, false]) {
    it(`writes no second task when the answer to the first was lost after the CRM committed (key enforced: ${taskKeyEnforced})`, async () => {
      const h = await start()
      h.crm.taskKeyEnforced = taskKeyEnforced
      h.crm.faults = ['lost-after-commit']
      await h.receive(contact(h, '1', { firstname: 'Ann', country: 'FR', hubspot_owner_id: null }))
      await h.settle()
      assert.equal(h.crm.tasks.size, 1)
      assert.ok(
        h.crm.calls.some((call) => call.startsWith('findTasks')),
        'an unknown outcome is read back',
      )
      const { rows } = await sql<{ state: string }>`select distinct state from intent`.execute(h.db)
      assert.deepEqual(rows, [{ state: 'done' }])
    })
  }

  it('writes the task in the end when the first call never arrived', async () => {
    const h = await start()
    h.crm.faults = ['lost-before-commit']
    await h.receive(contact(h, '1', { country: 'FR', hubspot_owner_id: null }))
    await h.settle()
    assert.equal(h.crm.openTasks().length, 1)
  })

  it('never writes an owner blind: somebody who was faster is left alone', async () => {
    const h = await start()
    const other = h.crm.users.find((u) => u.email === 'gen@x.example')!.userId
    await h.receive(contact(h, '1', { firstname: 'Ann', country: 'DE', hubspot_owner_id: null }))
    await h.apply()
    await h.refresh()
    await h.decide()
    h.crm.change('contacts', '1', { hubspot_owner_id: other }) // a person assigns it, the event is still on its way
    await h.settle()
    assert.equal(h.crm.records.get('contacts/1')?.hubspot_owner_id, other)
    assert.ok(!h.crm.calls.some((call) => call.startsWith('writeOwners')))
  })

  describe('an owner that the CRM refuses to write', () => {
    const writes = (h: Harness) => h.crm.calls.filter((call) => call.startsWith('writeOwners')).length
    const refusedOnce = async (change: Parameters<typeof contactPolicy>[0] = {}) => {
      const h = await start(change)
      h.crm.faults = ['refused']
      await h.receive(contact(h, '1', { firstname: 'Ann', country: 'DE', hubspot_owner_id: null }))
      await h.settle()
      return h
    }
    const published = (h: Harness, change: Parameters<typeof contactPolicy>[0]) =>
      publishPolicies(h.db, {
        loaded: [{ file: 'routing.yaml', source: '', version: versionOf(contactPolicy(change)) }],
        refused: [],
      })
    const [branch] = contactPolicy().boundary

    it('is one task that quotes the CRM, and is not written again however often the record is decided', async () => {
      const h = await refusedOnce()
      for (const firstname of ['Anne', 'Anna', 'Annie']) {
        await h.receive(h.crm.change('contacts', '1', { firstname }))
        await h.settle()
      }
      assert.equal(writes(h), 1)
      assert.deepEqual(
        (await h.openExceptions()).map((e) => [e.pattern, e.class]),
        [['write-refused', 'unknown']],
      )
      assert.equal(h.crm.tasks.size, 1)
      assert.match(h.crm.openTasks()[0]!.body, /the CRM refused the write: "NO: a validation rule says no"/)
      const { rows } = await sql<{
        n: number
      }>`select count(*)::int as n from ledger where kind = 'rule-decided'`.execute(h.db)
      assert.equal(rows[0]?.n, 1, 'nothing counts as decided by a rule but the one write that was refused')
    })

    it('closes when somebody sets the owner', async () => {
      const h = await refusedOnce()
      const other = h.crm.users.find((u) => u.email === 'gen@x.example')!.userId
      await h.receive(h.crm.change('contacts', '1', { hubspot_owner_id: other }))
      await h.settle()
      assert.deepEqual(await h.openExceptions(), [])
      assert.equal(h.crm.openTasks().length, 0)
      assert.equal(writes(h), 1)
    })

    it('closes when the rule gives another owner, who is written', async () => {
      const h = await refusedOnce()
      const other = h.crm.users.find((u) => u.email === 'over@x.example')!.userId
      await published(h, { boundary: [{ ...branch!, rules: [{ ...branch!.rules[0]!, owner: 'over@x.example' }] }] })
      await h.settle()
      await applyBacklog(h.db)
      await h.settle()
      assert.equal(h.crm.records.get('contacts/1')?.hubspot_owner_id, other)
      assert.deepEqual(await h.openExceptions(), [])
      assert.equal(h.crm.openTasks().length, 0)
    })

    it('is written again under another policy version, because what it said may have been the reason', async () => {
      const h = await refusedOnce()
      await published(h, { title: 'Contact routing, corrected' })
      await h.settle()
      assert.equal(writes(h), 1, 'nothing but the version asks for it')
      await applyBacklog(h.db)
      await h.settle()
      assert.equal(writes(h), 2)
      assert.deepEqual(await h.openExceptions(), [])
    })

    const known = { pattern: 'write-refused', when: [], class: 'risky', because: 'Somebody has to work it.' } as const

    it('is written again a day later where its class is known, without waiting for a change of the record', async () => {
      const h = await refusedOnce({ classes: [...contactPolicy().classes, known] })
      const { rows } = await sql<{ hours: number }>`
        select (extract(epoch from at) - ${TUESDAY_MS / 1_000})::float8 / 3600 as hours from wake_up
        where reason = 'refused'`.execute(h.db)
      assert.ok(rows[0]!.hours > 23.9 && rows[0]!.hours <= 24, `looked at again after ${rows[0]?.hours} h`)
      await sql`update intent set finished_at = finished_at - interval '24 hours' where kind = 'owner'`.execute(h.db)
      await sql`update wake_up set at = now()`.execute(h.db)
      assert.equal(await markWakeUpsDue(h.db, 10), 1)
      await h.settle()
      assert.equal(writes(h), 2)
      assert.deepEqual(await h.openExceptions(), [])
      assert.equal(h.crm.openTasks().length, 0)
    })

    it('of class unknown is not written again by waiting, however long, until somebody set the owner', async () => {
      const h = await refusedOnce()
      for (const days of [1, 30]) {
        h.advance(days * 86_400_000)
        await sql`update intent set finished_at = finished_at - ${days} * interval '1 day' where kind = 'owner'`.execute(
          h.db,
        )
        await sql`update record set dirty_since = now()`.execute(h.db)
        await h.settle()
      }
      assert.equal(writes(h), 1)
      assert.equal(await markWakeUpsDue(h.db, 10), 0, 'nothing is looked at again and again')
      const [open] = await h.openExceptions()
      assert.deepEqual([open?.pattern, open?.class], ['write-refused', 'unknown'])
      await h.receive(h.crm.change('contacts', '1', { hubspot_owner_id: h.crm.users[0]!.userId }))
      await h.settle()
      assert.deepEqual(await h.openExceptions(), [])
    })
  })

  it('part of promise 10: a worker whose lease was taken over cannot write an outcome', async () => {
    const h = await start()
    await h.receive(contact(h, '1', { country: 'FR', hubspot_owner_id: null }))
    await h.apply()
    await h.refresh()
    await h.decide()
    const [first] = await claimIntents(h.db, h.crm.connectionId, 'task', 10, 'a worker that never beats')
    const [second] = await claimIntents(h.db, h.crm.connectionId, 'task', 10, 'test')
    assert.equal(second?.id, first?.id)
    assert.equal(second?.readBack, true)
    const late = await finishIntents(h.db, [
      { id: first!.id, leaseEpoch: first!.leaseEpoch, state: 'done', outcome: null, crmId: 'x', retryInMs: null },
    ])
    assert.equal(late.size, 0)
  })

  it('part of M48: a reviewer who left is replaced by the next in the chain, in the same task', async () => {
    const h = await start({
      owners: {
        ...contactPolicy().owners,
        reviewers: {
          general: ['gen@x.example', 'sen@x.example'],
          senior: ['sen@x.example'],
          approved: ['app@x.example'],
        },
      },
    })
    await h.receive(contact(h, '1', { country: 'FR', hubspot_owner_id: null }))
    await h.settle()
    assert.equal((await h.openExceptions())[0]?.owner_email, 'gen@x.example')
    const gen = h.crm.users.findIndex((u) => u.email === 'gen@x.example')
    h.crm.users[gen] = { ...h.crm.users[gen]!, active: false }
    await h.people()
    await h.receive(h.crm.change('contacts', '1', { firstname: 'Anne' }))
    await h.settle()
    assert.equal((await h.openExceptions())[0]?.owner_email, 'sen@x.example')
    assert.equal(h.crm.tasks.size, 1)
    assert.equal(h.crm.openTasks()[0]?.ownerId, h.crm.users.find((u) => u.email === 'sen@x.example')?.userId)
  })

  it('part of M56: every write has its decision in the ledger before it, and the chain verifies', async () => {
    const h = await start()
    await h.receive(
      contact(h, '1', { country: 'DE', hubspot_owner_id: null }),
      contact(h, '2', { country: 'FR', hubspot_owner_id: null }),
    )
    await h.settle()
    const { rows } = await sql<{
      kind: string
      n: number
    }>`select kind, count(*)::int as n from ledger group by 1 order by 1`.execute(h.db)
    assert.deepEqual(rows, [
      { kind: 'exception-opened', n: 1 },
      { kind: 'owner-write-done', n: 1 },
      { kind: 'rule-decided', n: 1 },
      { kind: 'task-write-done', n: 1 },
    ])
    assert.equal((await verifyLedger(h.db)).ok, true)
  })
})
