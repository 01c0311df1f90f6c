import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { webhookReceivers } from '../../src/api/webhooks/webhook-receivers.ts'
import { changeClientSecret, checkConnection, setShares } from '../../src/connections/access/recheck-access.ts'
import { disconnect } from '../../src/connections/lifecycle/disconnect.ts'
import { finishDisconnect } from '../../src/connections/lifecycle/finish-disconnect.ts'
import { rotateKeys } from '../../src/connections/lifecycle/rotate-keys.ts'
import { findConnection } from '../../src/store/connections/connections.ts'
import { inTransaction } from '../../src/store/database/transaction.ts'
import { appendLedger } from '../../src/store/ledger/ledger.ts'
import { verifyLedger } from '../../src/store/ledger/verify-ledger.ts'
import { eraseHistory } from '../../src/store/lifecycle/erase-history.ts'
import { keyVersionOf } from '../../src/store/secrets/secret-box.ts'
import { type ConnectStage, connectStage, newKey } from './connect-stage.ts'

describe('a connection that runs', () => {
  let stage: ConnectStage
  before(async () => {
    stage = await connectStage()
  })
  after(() => stage.close())
  const rows = async <T>(query: ReturnType<typeof sql<T>>) => (await query.execute(stage.deps.db)).rows
  const hubSpotDeliveries = () => {
    const { db, box } = stage.deps
    return { db, box, crm: 'hubspot', webhookUrl: 'https://lanes.acme.example/webhooks/hubspot' }
  }
  const row = async (id: string) => (await findConnection(stage.deps.db, id))!

  it('believes both client secrets during a rotation, and a removed one for five seconds at most', async () => {
    const id = await stage.connect('hubspot', stage.hubSpotGrant({ clientSecrets: ['secret-old'] }))
    let nowMs = 1_000_000
    const receivers = webhookReceivers(hubSpotDeliveries(), () => nowMs)
    const secrets = async () => (await receivers()).receivers.map(({ grant }) => grant.clientSecrets)
    assert.deepEqual(await secrets(), [['secret-old']])
    await changeClientSecret(stage.deps, id, { add: 'secret-new' })
    nowMs += 5_000
    assert.deepEqual(await secrets(), [['secret-new', 'secret-old']])
    await changeClientSecret(stage.deps, id, { retireOld: true })
    nowMs += 5_000
    assert.deepEqual(await secrets(), [['secret-new']])
    // Whoever is about to refuse something looks at once, however many they are.
    await changeClientSecret(stage.deps, id, { add: 'secret-newer' })
    const looks = await Promise.all([receivers('fresh'), receivers('fresh'), receivers('fresh')])
    assert.ok(looks.every((look) => look === looks[0]))
    assert.deepEqual(await secrets(), [['secret-newer', 'secret-new']])
    await assert.rejects(changeClientSecret(stage.deps, id, { add: 'two words' }), { name: 'GrantInvalidError' })
  })

  it('changes nothing where whoever asked may no longer, as its own transaction finds', async () => {
    const id = await stage.connect('hubspot', stage.hubSpotGrant({ clientSecrets: ['secret-old'] }))
    const still = async () => {
      throw new RangeError('not any more')
    }
    const before = await row(id)
    await assert.rejects(disconnect(stage.deps, id, { history: 'erase', by: 'test', still }), RangeError)
    await assert.rejects(changeClientSecret(stage.deps, id, { add: 'secret-new' }, still), RangeError)
    assert.deepEqual(await row(id), before)
    const { rows: erasing } = await sql`select 1 from connection where erased_at is not null`.execute(stage.deps.db)
    assert.deepEqual(erasing, [])
    await disconnect(stage.deps, id, { history: 'keep', by: 'test' })
  })

  it('whose key is missing is known as one that cannot be judged, and one that was ended as one that was there', async () => {
    const id = await stage.connect('hubspot', stage.hubSpotGrant())
    const portal = (await row(id)).accountId
    const look = async () => {
      const { receivers, ...rest } = await webhookReceivers(hubSpotDeliveries(), Date.now)()
      return [receivers.map(({ accountId }) => accountId), rest]
    }
    assert.deepEqual(await look(), [[portal], { unreadable: [], isAnyKnown: true }])
    const keys = stage.keys
    stage.keys = [newKey('v9')]
    assert.deepEqual(await look(), [[], { unreadable: [portal], isAnyKnown: true }])
    stage.keys = keys
    await disconnect(stage.deps, id, { history: 'keep', by: 'test' })
    assert.deepEqual(await look(), [[], { unreadable: [], isAnyKnown: true }])
  })

  it('is checked again on demand: what was taken away is a notice until it is back', async () => {
    const id = await stage.connect('hubspot', stage.hubSpotGrant())
    const open = () =>
      rows(
        sql<{ subject: string }>`select subject from notice where connection_id = ${id} and code = 'access'
          and ended_at is null`,
      )
    await stage.control('hubspot', 'POST', 'settings', { missingScopes: ['crm.objects.deals.read'] })
    const found = await checkConnection(stage.deps, id)
    assert.ok(found.checks.some(({ id: check, state }) => check === 'read/deals' && state === 'missing'))
    assert.ok((await open()).some(({ subject }) => subject === 'read/deals'))
    await stage.control('hubspot', 'POST', 'settings', { missingScopes: [] })
    await checkConnection(stage.deps, id)
    assert.deepEqual(await open(), [])
    assert.ok((await row(id)).accessCheckedAt)
  })

  it('takes another share at once, and refuses one outside of 1 % to 100 %', async () => {
    const id = await stage.connect('hubspot', stage.hubSpotGrant())
    await setShares(stage.deps.db, id, { dayShare: 0.5, windowShare: 0.4 })
    const [budget] = await rows(
      sql<{ window_limit: number; day_share: number }>`select window_limit, day_share from call_budget
        where connection_id = ${id}`,
    )
    assert.equal(budget!.day_share, 0.5)
    assert.ok(budget!.window_limit >= 1)
    for (const dayShare of [0, 1.5, Number.NaN]) {
      await assert.rejects(setShares(stage.deps.db, id, { dayShare, windowShare: 0.8 }), { name: 'ShareError' })
    }
  })

  it('is sealed with a new key by rotate-keys, drafts and tokens too, and again it finds nothing to do', async () => {
    const id = await stage.connect('salesforce', stage.salesforceGrant())
    const draftId = await stage.draft('salesforce', stage.salesforceGrant())
    await stage.checked(draftId)
    stage.keys = [newKey('v2'), ...stage.keys]
    const first = await rotateKeys(stage.deps)
    assert.ok(first.resealed >= 4 && first.resealed === first.of, JSON.stringify(first))
    assert.deepEqual(first.inUse, ['v2'])
    assert.equal((await rotateKeys(stage.deps)).resealed, 0)
    stage.keys = stage.keys.slice(0, 1)
    assert.equal(keyVersionOf((await row(id)).credentials!), 'v2')
    assert.equal((await stage.checked(draftId)).status, 'checked')
    await checkConnection(stage.deps, id)
  })
})

describe('disconnecting', () => {
  let stage: ConnectStage
  before(async () => {
    stage = await connectStage()
  })
  after(() => stage.close())
  const { refs } = { refs: (c: string, t: string, r: string) => [{ connectionId: c, objectType: t, recordId: r }] }
  const count = async (table: string, id: string) =>
    (
      await sql<{ n: number }>`select count(*)::int as n from ${sql.table(table)} where connection_id = ${id}`.execute(
        stage.deps.db,
      )
    ).rows[0]!.n

  /** A connection with everything in it that has to go, and another CRM's case about one of its people. */
  async function withHistory(): Promise<{ id: string; other: string }> {
    const { db } = stage.deps
    const id = await stage.connect('hubspot', stage.hubSpotGrant())
    const other = await stage.connect('salesforce', stage.salesforceGrant())
    await finishDisconnect(stage.deps, id)
    for (const [connection, object, record] of [
      [id, 'contacts', '1'],
      [other, 'Lead', 'L1'],
    ] as const) {
      await sql`insert into change_event (connection_id, dedupe_key, object_type, record_id, kind, occurred_at_ms,
          event_order, fields, complete, source, actor)
        values (${connection}, 'k', ${object}, ${record}, 'updated', 1, 1, '{"email":"ana@canary.example"}', true,
          'baseline', '{}') on conflict do nothing`.execute(db)
      await sql`insert into record (connection_id, object_type, record_id, values, stamps, keys)
        values (${connection}, ${object}, ${record}, '{"email":"ana@canary.example"}', '{}',
          array['email:ana@canary.example']) on conflict do nothing`.execute(db)
      await sql`insert into match_key (key, connection_id, object_type, record_id)
        values ('email:ana@canary.example', ${connection}, ${object}, ${record}) on conflict do nothing`.execute(db)
      const [task] = (
        await sql<{
          id: number
        }>`insert into task (connection_id, workflow, cause, key, owner_email, due_at, crm_task_id)
          values (${connection}, 'w', 'c', gen_random_uuid()::text, 'a@b.example', now(), 't1') on conflict do nothing
          returning id`.execute(db)
      ).rows
      if (task) {
        await sql`insert into intent (connection_id, workflow, kind, task_id, payload, policy_hash)
          values (${connection}, 'w', 'task', ${task.id}, '{}', 'h')`.execute(db)
      }
      await sql`insert into exception (connection_id, workflow, pattern, subject, object_type, record_id, title, class,
          class_because, posture, owner_email, what, would_have, todo, cause, evidence, involves, policy_hash, due_at, task_id)
        values (${connection}, 'w', 'duplicate-ownership', 's', ${object}, ${record}, 'Ana', 'risky', '', 'hold',
          'a@b.example', 'Ana of canary', '', '', 'c', '{"email":"ana@canary.example"}',
          ${JSON.stringify([...refs(id, 'contacts', '1'), ...refs(other, 'Lead', 'L1')])}::jsonb, 'h', now(),
          ${task?.id ?? null}) on conflict do nothing`.execute(db)
    }
    await inTransaction(db, (trx) =>
      appendLedger(trx, [
        {
          at: new Date(),
          kind: 'exception-opened',
          actor: 'lanekeeper',
          subject: `${id}/contacts/1`,
          body: '{"who":"ana@canary.example"}',
        },
        {
          at: new Date(),
          kind: 'exception-opened',
          actor: 'lanekeeper',
          subject: `${other}/Lead/L1`,
          body: JSON.stringify({ who: 'ana@canary.example', involves: refs(id, 'contacts', '1') }),
        },
      ]),
    )
    return { id, other }
  }

  it('keeps the history by choice: secrets erased, writes cancelled, cases closed with the reason, tasks left', async () => {
    const { id, other } = await withHistory()
    const { message } = await disconnect(stage.deps, id, { history: 'keep', by: 'console' })
    assert.match(message.join(' '), /only HubSpot can end it/)
    assert.match(message.join(' '), /1 open case closed, 1 waiting write cancelled. 1 task stays in HubSpot/)
    const row = (await findConnection(stage.deps.db, id))!
    assert.deepEqual([row.status, row.credentials], ['disconnected', null])
    assert.equal(await count('connection_token', id), 0)
    assert.equal(await count('change_event', id), 1)
    const { rows: cases } = await sql<{ status: string; resolution: string }>`
      select status, resolution from exception where connection_id = ${id}`.execute(stage.deps.db)
    assert.deepEqual(cases, [{ status: 'resolved', resolution: 'disconnected' }])
    const { rows: intents } = await sql<{
      state: string
    }>`select state from intent where connection_id = ${id}`.execute(stage.deps.db)
    assert.deepEqual(intents, [{ state: 'cancelled' }])
    const { rows: ledger } = await sql<{ actor: string; body: string }>`
      select actor, body from ledger where subject = ${id} and kind = 'connection-ended'`.execute(stage.deps.db)
    assert.equal(ledger[0]!.actor, 'console')
    assert.match(ledger[0]!.body, /"cancelledWrites":1/)
    // Whoever shared something with its records is decided again without them.
    const { rows: neighbour } = await sql<{ dirty: boolean }>`
      select dirty_since is not null as dirty from record where connection_id = ${other}`.execute(stage.deps.db)
    assert.deepEqual(neighbour, [{ dirty: true }])
    assert.equal((await verifyLedger(stage.deps.db)).ok, true)
  })

  it('connected again, its cases and tasks stand as before: no case gets a second task', async () => {
    const { id } = await withHistory()
    await disconnect(stage.deps, id, { history: 'keep', by: 'console' })
    assert.equal(await stage.connect('hubspot', stage.hubSpotGrant()), id)
    await finishDisconnect(stage.deps, id)
    const { rows } = await sql<{ status: string; task: string; crm: string; waiting: number }>`
      select e.status, t.status as task, t.crm_task_id as crm,
        (select count(*)::int from intent i where i.task_id = t.id and i.state = 'pending') as waiting
      from exception e join task t on t.id = e.task_id where e.connection_id = ${id}`.execute(stage.deps.db)
    assert.deepEqual(rows, [{ status: 'open', task: 'open', crm: 't1', waiting: 1 }])
    assert.equal(await count('match_key', id), 1)
  })

  it('erases the history by choice: nothing of it is left in any table, and the ledger still verifies', async () => {
    const { id, other } = await withHistory()
    const { message } = await disconnect(stage.deps, id, { history: 'erase', by: 'terminal' })
    assert.match(message.join(' '), /erased/)
    const { rows: tables } = await sql<{ name: string }>`
      select c.table_name as name from information_schema.columns c join information_schema.tables t
        on t.table_schema = c.table_schema and t.table_name = c.table_name
      where c.table_schema = 'public' and c.column_name = 'connection_id' and t.table_type = 'BASE TABLE'`.execute(
      stage.deps.db,
    )
    assert.ok(tables.length > 10)
    for (const { name } of tables) assert.equal(await count(name, id), 0, name)
    const { rows: words } = await sql<{ n: number }>`
      select (select count(*) from ledger where body like '%ana@canary%' and (body like ${`%${id}%`} or subject like ${`${id}/%`}))
        + (select count(*) from exception where evidence::text like '%ana@canary%' or involves::text like ${`%${id}%`})
        as n`.execute(stage.deps.db)
    assert.equal(words[0]!.n, 0)
    assert.equal(await count('record', other), 1, 'the other connection keeps its own')
    const checked = await verifyLedger(stage.deps.db)
    assert.deepEqual([checked.ok, checked.erased > 0], [true, true])
    // Something that was being stored at that moment comes late.
    await sql`insert into counter (connection_id, name) values (${id}, 'late')`.execute(stage.deps.db)
    await eraseHistory(stage.deps.db, id)
    assert.equal(await count('counter', id), 0)
  })

  it('gives the grant back where the CRM takes it, and ends the connection also when the CRM is away', async () => {
    const id = await stage.connect('salesforce', stage.salesforceGrant())
    const gone = { ...stage.address('salesforce'), baseUrl: 'http://127.0.0.1:1' }
    await sql`update connection set address = ${JSON.stringify(gone)}::jsonb where id = ${id}`.execute(stage.deps.db)
    const { message } = await disconnect(stage.deps, id, { history: 'keep', by: 'console' })
    assert.match(message[0]!, /end it there|erased|revoked|session/i)
    const row = (await findConnection(stage.deps.db, id))!
    assert.deepEqual([row.status, row.credentials], ['disconnected', null])
    assert.match((await disconnect(stage.deps, id, { history: 'keep', by: 'console' })).message[0]!, /before/)
  })
})
