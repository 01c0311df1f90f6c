import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import { checkConnection } from '../../src/connections/access/recheck-access.ts'
import { connectFromEnvironment } from '../../src/connections/draft/from-environment.ts'
import { startDraft } from '../../src/connections/draft/start.ts'
import { disconnect } from '../../src/connections/lifecycle/disconnect.ts'
import { finishDisconnect } from '../../src/connections/lifecycle/finish-disconnect.ts'
import { rotateKeys } from '../../src/connections/lifecycle/rotate-keys.ts'
import type { ConnectionId } from '../../src/model/record/change-event.ts'
import { applyBatch } from '../../src/pipeline/apply/apply.ts'
import { importBaseline } from '../../src/pipeline/read/import-baseline.ts'
import { findConnection } from '../../src/store/connections/connections.ts'
import { ConnectionEndedError, isStillConnected } from '../../src/store/connections/lifecycle-lock.ts'
import { saveState } from '../../src/store/connections/oauth-states.ts'
import { claimRenewal, storeRenewed } from '../../src/store/connections/tokens.ts'
import { type Database, openDatabase } from '../../src/store/database/database.ts'
import { aloneOrNull } from '../../src/store/database/locks.ts'
import { eraseHistory } from '../../src/store/lifecycle/erase-history.ts'
import { connectionsLeft } from '../../src/store/lifecycle/finish-disconnect.ts'
import { tokensOf, verifierOf } from '../../src/store/secrets/secret-places.ts'
import { FakeCrm } from '../pipeline/fake-crm.ts'
import { type ConnectStage, connectStage, newKey, SHARES } from './connect-stage.ts'

describe('the end of a connection, met by others', () => {
  let stage: ConnectStage
  /** Whoever holds something meanwhile. */
  let other: Database
  before(async () => {
    stage = await connectStage()
    await stage.control('hubspot', 'POST', 'settings', { rateLimit: 100_000 })
    other = openDatabase(stage.database.url, { max: 3, applicationName: 'other' })
  })
  after(async () => {
    await other.destroy()
    await stage.close()
  })
  const row = async (id: string) => (await findConnection(stage.deps.db, id))!
  const run = (query: ReturnType<typeof sql>) => query.execute(stage.deps.db)
  const n = async (query: ReturnType<typeof sql<{ n: number }>>) => (await query.execute(stage.deps.db)).rows[0]!.n

  /** Until so many backends of this database wait for a lock. */
  async function untilBlocked(count = 1): Promise<void> {
    const givesUpAt = performance.now() + 10_000
    for (;;) {
      const waiting = await sql<{ n: number }>`select count(distinct pid)::int as n from pg_locks where not granted
        and pid in (select pid from pg_stat_activity where datname = current_database())`.execute(other)
      if (waiting.rows[0]!.n >= count) return
      assert.ok(performance.now() < givesUpAt, 'nobody waits for a lock')
      await wait(10)
    }
  }

  /** Holds what `take` locked until `let go` is called. */
  async function hold(take: (trx: Database) => Promise<unknown>): Promise<() => Promise<void>> {
    const taken = Promise.withResolvers<void>()
    const done = Promise.withResolvers<void>()
    const holding = other.transaction().execute(async (trx) => {
      await take(trx as unknown as Database)
      taken.resolve()
      await done.promise
    })
    holding.catch(taken.reject)
    await taken.promise
    return async () => {
      done.resolve()
      await holding
    }
  }

  const record = (id: string, key = 'email:bo@x.example') =>
    run(sql`with r as (insert into record (connection_id, object_type, record_id, values, stamps, keys)
        values (${id}, 'contacts', '1', '{}', '{}', array[${key}]) on conflict do nothing)
      insert into match_key (key, connection_id, object_type, record_id) values (${key}, ${id}, 'contacts', '1')
      on conflict do nothing`)
  const openCase = (id: string, subject: string, db: Database = stage.deps.db) =>
    sql`insert into exception (connection_id, workflow, pattern, subject, object_type, record_id, title, class,
        class_because, posture, owner_email, what, would_have, todo, cause, evidence, involves, policy_hash, due_at)
      values (${id}, 'w', 'no-rule', ${subject}, 'contacts', '1', 'Bo', 'risky', '', 'hold', 'a@b.example', '', '', '', 'c',
        '{}', '[]', 'h', now())`.execute(db)

  const openCases = (id: string) =>
    n(sql`select count(*)::int as n from exception where connection_id = ${id} and status = 'open'`)

  it('connecting again is refused while the history is being erased, and works when that is over', async () => {
    const id = await stage.connect('hubspot', stage.hubSpotGrant())
    await record(id)
    const draftId = await stage.draft('hubspot', stage.hubSpotGrant())
    await stage.checked(draftId)
    const letGo = await hold((trx) => sql`select 1 from record where connection_id = ${id} for update`.execute(trx))
    const ending = disconnect(stage.deps, id, { history: 'erase', by: 'console' })
    await untilBlocked(1)
    const early = startDraft(stage.deps, draftId, SHARES)
    early.catch(() => undefined)
    // It waits for the batch that is under way, and is the next then.
    await untilBlocked(2)
    await letGo()
    await assert.rejects(early, /being erased since .* Start the connection again/)
    assert.match((await ending).message.join(' '), /was erased/)
    assert.equal((await startDraft(stage.deps, draftId, SHARES)).connectionId, id)
    assert.equal((await row(id)).status, 'connected')
    assert.equal(await n(sql`select count(*)::int as n from connection_token where connection_id = ${id}`), 1)
  })

  it('what comes late is not erased from a connection that is connected again meanwhile', async () => {
    const id = await stage.connect('hubspot', stage.hubSpotGrant())
    await disconnect(stage.deps, id, { history: 'erase', by: 'console' })
    const draftId = await stage.draft('hubspot', stage.hubSpotGrant())
    await stage.checked(draftId)
    // The first of the tables, so that all others are still to come.
    await run(sql`insert into call_budget (connection_id, window_ms, window_limit, search_limit_per_second)
      values (${id}, 1, 1, 1)`)
    const letGo = await hold((trx) =>
      sql`select 1 from call_budget where connection_id = ${id} for update`.execute(trx),
    )
    const late = eraseHistory(stage.deps.db, id)
    await untilBlocked(1)
    const starting = startDraft(stage.deps, draftId, SHARES)
    await untilBlocked(2)
    await letGo()
    assert.equal(await late, null)
    await starting
    assert.equal(await n(sql`select count(*)::int as n from connection_token where connection_id = ${id}`), 1)
    assert.equal(await n(sql`select count(*)::int as n from call_budget where connection_id = ${id}`), 1)
  })

  it('an import from before the erasure does not go on over the new one', async () => {
    const id = (await stage.connect('hubspot', stage.hubSpotGrant())) as ConnectionId
    await run(sql`update connection set baseline = '{"done":false,"objects":{}}' where id = ${id}`)
    const asked = Promise.withResolvers<void>()
    const answer = Promise.withResolvers<void>()
    const crm = new FakeCrm('hubspot', id, Date.now()).client()
    const importing = importBaseline({
      db: other,
      client: {
        ...crm,
        async changedSince() {
          asked.resolve()
          await answer.promise
          return { events: [], cursor: null, total: 0, unreadable: [] }
        },
      },
      connection: await row(id),
      fieldsOf: () => ({ fields: [], historyFields: [] }),
      nowMs: Date.now,
      onPage: () => undefined,
      signal: AbortSignal.timeout(20_000),
    })
    importing.catch(() => undefined)
    await asked.promise
    await disconnect(stage.deps, id, { history: 'erase', by: 'console' })
    await stage.connect('hubspot', stage.hubSpotGrant())
    answer.resolve()
    await assert.rejects(importing, ConnectionEndedError)
    assert.deepEqual((await row(id)).baseline, { done: false, objects: {} })
  })

  it('is not gone on with over: a process that died after it is followed by the next', async () => {
    const id = await stage.connect('hubspot', stage.hubSpotGrant())
    await record(id)
    await openCase(id, 'dies')
    // Whoever has this lock is as good as the process that died with what comes after the end not begun.
    const done = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const dying = aloneOrNull(other, `settle/${id}`, async () => {
      begun.resolve()
      await done.promise
    })
    await begun.promise
    const { message } = await disconnect(stage.deps, id, { history: 'erase', by: 'console' })
    assert.match(message.join(' '), /1 open case closed.*is being erased.*is being done/)
    assert.equal(await openCases(id), 0)
    assert.equal(
      await n(sql`select count(*)::int as n from ledger where subject = ${id} and kind = 'connection-ended'
        and body like '%"closedCases":1%'`),
      1,
    )
    assert.notEqual((await row(id)).credentials, null)
    done.resolve()
    await dying
    // However long ago that was.
    await run(sql`update connection set erase_since = now() - interval '3 days' where id = ${id}`)
    assert.deepEqual(
      (await connectionsLeft(stage.deps.db)).filter((one) => one.connectionId === id),
      [{ connectionId: id, late: false }],
    )
    await finishDisconnect(stage.deps, id)
    assert.equal((await row(id)).credentials, null)
    assert.equal(await n(sql`select count(*)::int as n from record where connection_id = ${id}`), 0)
    assert.deepEqual(
      (await connectionsLeft(stage.deps.db)).filter((one) => one.connectionId === id),
      [{ connectionId: id, late: true }],
    )
    // Died within the erasure itself, with all else done.
    await run(sql`update connection set erased_at = null where id = ${id}`)
    assert.equal((await connectionsLeft(stage.deps.db)).find((one) => one.connectionId === id)?.late, false)
    await run(sql`update connection set erased_at = now() - interval '11 minutes' where id = ${id}`)
    assert.deepEqual(
      (await connectionsLeft(stage.deps.db)).filter((one) => one.connectionId === id),
      [],
    )
  })

  it('asked for again, closes what an earlier version had left open, and writes it down', async () => {
    const id = await stage.connect('hubspot', stage.hubSpotGrant())
    await disconnect(stage.deps, id, { history: 'keep', by: 'console' })
    await openCase(id, 'left')
    const ended = () =>
      n(sql`select count(*)::int as n from ledger where subject = ${id} and kind = 'connection-ended'`)
    const before = await ended()
    const { message } = await disconnect(stage.deps, id, { history: 'keep', by: 'console' })
    assert.match(message.join(' '), /before.*1 open case closed/)
    assert.equal(await ended(), before + 1)
    await disconnect(stage.deps, id, { history: 'keep', by: 'console' })
    assert.equal(await ended(), before + 1)
  })

  it('waits for a stage in the middle of its transaction, takes what that stored, and lets none begin after it', async () => {
    const id = (await stage.connect('hubspot', stage.hubSpotGrant())) as ConnectionId
    await finishDisconnect(stage.deps, id)
    await run(sql`delete from match_key where connection_id = ${id}`)
    const letGo = await hold(async (trx) => {
      assert.equal(await isStillConnected(trx, id), true)
      await sql`insert into match_key (key, connection_id, object_type, record_id)
        values ('email:late@x.example', ${id}, 'contacts', '9')`.execute(trx)
      await openCase(id, 'in the middle', trx)
    })
    const ending = disconnect(stage.deps, id, { history: 'keep', by: 'console' })
    await untilBlocked()
    await letGo()
    await ending
    assert.equal(await n(sql`select count(*)::int as n from match_key where connection_id = ${id}`), 0)
    assert.equal(await openCases(id), 0)
    await run(sql`insert into change_event (connection_id, dedupe_key, object_type, record_id, kind, occurred_at_ms,
        event_order, fields, complete, source, actor)
      values (${id}, 'after-the-end', 'contacts', '10', 'changed', 1, 1, '{"email":"x@y.example"}', true, 'webhook',
        '{"kind":"unknown","id":null,"ours":false}')`)
    assert.equal((await applyBatch(stage.deps.db, { id, crm: 'hubspot' })).taken, 0)
    assert.equal(
      await n(sql`select count(*)::int as n from record where connection_id = ${id} and record_id = '10'`),
      0,
    )
  })

  it('is answered before it is through, says what is left, and goes on by itself', async () => {
    const id = await stage.connect('hubspot', stage.hubSpotGrant())
    await finishDisconnect(stage.deps, id)
    await openCase(id, 'held')
    await openCase(id, 'free')
    const letGo = await hold((trx) => sql`select 1 from exception where connection_id = ${id} for update`.execute(trx))
    const answer = await disconnect(stage.deps, id, { history: 'keep', by: 'console', answerWithinMs: 300 })
    await letGo()
    const said = answer.message.join(' ')
    assert.match(
      said,
      /open cases to be closed,.*done in the background.* open cases, writes and tasks are left to close/,
    )
    const givesUpAt = performance.now() + 20_000
    while ((await row(id)).credentials !== null || (await openCases(id)) > 0) {
      assert.ok(performance.now() < givesUpAt, 'nobody goes on with it')
      await wait(25)
    }
    // The last of it, such as marks of other records, may come after.
    for (;;) {
      const again = await disconnect(stage.deps, id, { history: 'keep', by: 'console' })
      if (!/background/.test(again.message.join(' '))) break
      assert.ok(performance.now() < givesUpAt, 'it never ends')
      await wait(25)
    }
  })

  it('leaves nothing behind that somebody held', async () => {
    const id = await stage.connect('hubspot', stage.hubSpotGrant())
    await finishDisconnect(stage.deps, id)
    await record(id)
    const letGo = await hold((trx) => sql`select 1 from match_key where connection_id = ${id} for update`.execute(trx))
    const ending = disconnect(stage.deps, id, { history: 'keep', by: 'console' })
    await untilBlocked()
    await letGo()
    await ending
    assert.equal(await n(sql`select count(*)::int as n from match_key where connection_id = ${id}`), 0)
  })

  it('gives back the tokens that a renewal under way was given, and not those before', async () => {
    const id = await stage.connect('salesforce', stage.salesforceGrant())
    const revoked: string[] = []
    const org = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => {
        if (request.url?.endsWith('/revoke')) revoked.push(new URLSearchParams(body).get('token') ?? '')
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      })
    })
    await new Promise<void>((resolve) => org.listen(0, '127.0.0.1', resolve))
    try {
      const address = {
        ...stage.address('salesforce'),
        baseUrl: `http://127.0.0.1:${(org.address() as AddressInfo).port}`,
      }
      await run(sql`update connection set address = ${JSON.stringify(address)}::jsonb where id = ${id}`)
      const { version } = (
        await sql<{ version: number }>`select version from connection_token where connection_id = ${id}`.execute(
          stage.deps.db,
        )
      ).rows[0]!
      const owner = { of: 'connection', id } as const
      assert.ok(await claimRenewal(other, owner, { seenVersion: version, holder: 'a stage', leaseMs: 45_000 }))
      const ending = disconnect(stage.deps, id, { history: 'keep', by: 'console' })
      while ((await row(id)).status !== 'disconnected') await wait(10)
      const tokens = {
        accessToken: 'new-access',
        refreshToken: 'new-refresh',
        expiresAtMs: null,
        instanceUrl: null,
        accountId: null,
        userId: null,
        scopes: [],
      }
      const sealed = stage.deps.box.seal(tokensOf(id), JSON.stringify(tokens))
      assert.ok(await storeRenewed(other, owner, { seenVersion: version, sealed }))
      await ending
      assert.deepEqual(revoked, ['new-refresh'])
    } finally {
      org.close()
    }
  })

  it('a check that was under way keeps nothing of it and notes nothing', async () => {
    const id = await stage.connect('hubspot', stage.hubSpotGrant())
    await stage.control('hubspot', 'POST', 'settings', { missingScopes: ['crm.objects.deals.read'] })
    await run(sql`update connection set access = null where id = ${id}`)
    const letGo = await hold((trx) => sql`update connection set status = 'disconnected' where id = ${id}`.execute(trx))
    const checking = checkConnection(stage.deps, id)
    await untilBlocked()
    await letGo()
    await checking
    await stage.control('hubspot', 'POST', 'settings', { missingScopes: [] })
    assert.equal((await row(id)).access, null)
    assert.equal(
      await n(sql`select count(*)::int as n from notice where connection_id = ${id} and ended_at is null
        and subject = 'read/deals'`),
      0,
    )
  })

  it('one whose cases were closed twice opens the newer ones again', async () => {
    const id = await stage.connect('hubspot', stage.hubSpotGrant())
    await finishDisconnect(stage.deps, id)
    await openCase(id, 'twice')
    await disconnect(stage.deps, id, { history: 'keep', by: 'console' })
    await openCase(id, 'twice')
    await disconnect(stage.deps, id, { history: 'keep', by: 'console' })
    await stage.connect('hubspot', stage.hubSpotGrant())
    await finishDisconnect(stage.deps, id)
    const { rows } = await sql<{ status: string }>`
      select status from exception where connection_id = ${id} and subject = 'twice' order by id`.execute(stage.deps.db)
    assert.deepEqual(rows, [{ status: 'resolved' }, { status: 'open' }])
    assert.deepEqual(
      (await connectionsLeft(stage.deps.db)).filter((one) => one.connectionId === id),
      [],
    )
  })

  it('the environment does not connect again what a person ended, and writes nothing where writing is held', async () => {
    const wanted = {
      crm: 'hubspot',
      grant: stage.hubSpotGrant(),
      address: stage.address('hubspot'),
      webhookUrl: null,
    } as const
    const id = await stage.connect('hubspot', stage.hubSpotGrant())
    const properties = async () =>
      JSON.stringify(
        await (
          await fetch(`${stage.hubspot.url}/crm/properties/2026-03/tasks`, {
            headers: { authorization: `Bearer ${stage.hubspot.credentials.token}` },
          })
        ).json(),
      ).includes('lanekeeper')
    await run(sql`update connection set writes_since = null where id = ${id}`)
    assert.equal(await properties(), false)
    assert.equal(await connectFromEnvironment(stage.deps, wanted), id)
    assert.equal(await properties(), false, 'a write to a CRM that is only read')
    await disconnect(stage.deps, id, { history: 'keep', by: 'console' })
    assert.equal(await connectFromEnvironment(stage.deps, wanted), null)
    const { status, credentials } = await row(id)
    assert.deepEqual([status, credentials], ['disconnected', null])
  })

  it('a key is in use while a login that it sealed may still come back', async () => {
    const draftId = await stage.draft('hubspot', stage.hubSpotGrant())
    const hash = Buffer.alloc(32, 7)
    await saveState(stage.deps.db, {
      draftId,
      redirectUri: 'http://localhost/oauth',
      verifier: stage.deps.box.seal(verifierOf(draftId, hash), 'verifier'),
      hash,
      sessionHash: hash,
      provider: 'hubspot',
    })
    stage.keys = [newKey('v2'), ...stage.keys]
    assert.deepEqual((await rotateKeys(stage.deps)).inUse, ['v1', 'v2'])
    await run(sql`update oauth_state set used_at = now()`)
    assert.deepEqual((await rotateKeys(stage.deps)).inUse, ['v2'])
  })
})
