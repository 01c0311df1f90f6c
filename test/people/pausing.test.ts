import assert from 'node:assert/strict'
import { after, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Actor } from '../../src/model/authority/acts.ts'
import { askForPause, declinePause, pauseWhatNobodyAnswered } from '../../src/people/ask-for-pause.ts'
import { pause, resume } from '../../src/people/pause.ts'
import { RefusedError } from '../../src/people/refused.ts'
import { openDatabase } from '../../src/store/database/database.ts'
import { refreshLaneHolders } from '../../src/store/people/lane-holders.ts'
import type { PauseScope } from '../../src/store/writes/pauses.ts'
import { contactPolicy, type Harness, pipelineHarness, staff } from '../pipeline/harness.ts'
import { jobHeld, personWho } from '../support/jobs.ts'

const ROUTING: PauseScope = { kind: 'workflow', workflow: 'routing' }
const OTHER: PauseScope = { kind: 'workflow', workflow: 'other' }
const BRANCH: PauseScope = { kind: 'branch', workflow: 'routing', branch: 'all' }

describe('who pauses', () => {
  const started: Harness[] = []
  after(() => Promise.all(started.map((h) => h.stop())))

  let h: Harness
  let here: PauseScope
  /** By name: what they do is in `jobs` below. */
  let people: Record<string, string>
  beforeEach(async () => {
    h = await pipelineHarness((crm) => {
      staff(crm)
      return [contactPolicy(), contactPolicy({ workflow: 'other', title: 'Other' })]
    })
    started.push(h)
    here = { kind: 'connection', connectionId: h.crm.connectionId }
    people = {}
    for (const name of ['rollback', 'deputy', 'reviewer', 'otherRollback', 'stranger']) {
      people[name] = await personWho(h.db, name, { mail: `${name}@x.example` })
    }
    await jobHeld(h.db, people.rollback!, { lane: 'rollback' })
    await jobHeld(h.db, people.deputy!, { lane: 'rollback', deputy: true })
    await jobHeld(h.db, people.reviewer!, { lane: 'data' })
    await jobHeld(h.db, people.otherRollback!, { lane: 'rollback', workflow: 'other' })
    await refreshLaneHolders(h.db, null)
  })

  const person = (name: string, of: Partial<Extract<Actor, { kind: 'person' }>> = {}): Actor => ({
    kind: 'person',
    personId: people[name]!,
    strength: 'strong',
    signedInAtMs: Date.now(),
    isActive: true,
    isActiveInCrm: true,
    ...of,
  })
  const token = (workflow: string, ...scopes: Extract<Actor, { kind: 'token' }>['scopes'][number][]): Actor => ({
    kind: 'token',
    tokenId: 'abc',
    workflow,
    scopes,
  })
  const open = async () =>
    (
      await sql<{ scope: string; paused_by: string; asked_by: string | null }>`
        select scope, paused_by, asked_by from pause where ended_at is null order by id`.execute(h.db)
    ).rows
  const ledger = async () =>
    (
      await sql<{ kind: string; actor: string; subject: string }>`
        select kind, actor, subject from ledger
        where kind in ('paused', 'resumed', 'pause-asked', 'pause-declined', 'refused') order by seq`.execute(h.db)
    ).rows
  const refuses = (promise: Promise<unknown>, code: string) =>
    assert.rejects(promise, (error) => error instanceof RefusedError && error.verdict.code === code)

  it('part of M22: the rollback owner and the deputy pause alone, at once, and only they resume', async () => {
    for (const name of ['rollback', 'deputy']) {
      const { pauseId } = await pause(h.db, person(name), ROUTING, 'Wrong owners')
      assert.deepEqual(await open(), [{ scope: 'workflow', paused_by: `person:${people[name]}`, asked_by: null }])
      for (const other of ['reviewer', 'otherRollback', 'stranger']) {
        await refuses(resume(h.db, person(other), pauseId), 'not-named')
      }
      await refuses(resume(h.db, { kind: 'lanekeeper' }, pauseId), 'machine')
      await refuses(resume(h.db, token('routing', 'ask-for-pause', 'propose', 'read'), pauseId), 'machine')
      assert.equal((await open()).length, 1)
      assert.deepEqual(await resume(h.db, person(name), pauseId), { workflows: ['routing'], stillPaused: [] })
      assert.deepEqual(await open(), [])
    }
    for (const name of ['reviewer', 'otherRollback', 'stranger']) {
      await refuses(pause(h.db, person(name), ROUTING, ''), 'not-named')
    }
    assert.deepEqual(await open(), [])
  })

  it('any sign-in pauses, a page that stays open for weeks too, and only a strong one resumes', async () => {
    for (const strength of ['weak', 'only-pauses', 'server', 'sandbox', 'strong'] as const) {
      const old = { strength, signedInAtMs: Date.now() - 20 * 86_400_000 }
      const { pauseId } = await pause(h.db, person('rollback', old), BRANCH, '')
      const code = { weak: 'weak-sign-in', server: 'weak-sign-in', 'only-pauses': 'only-pauses' } as const
      if (strength in code) {
        await refuses(resume(h.db, person('rollback', { strength }), pauseId), code[strength as keyof typeof code])
      }
      await refuses(resume(h.db, person('rollback', { isActiveInCrm: false }), pauseId), 'inactive-in-crm')
      await resume(h.db, person('rollback'), pauseId)
    }
  })

  it('every pause, end, request and refusal is in the ledger, without an e-mail or a name', async () => {
    await refuses(pause(h.db, person('stranger'), ROUTING, ''), 'not-named')
    await askForPause(h.db, person('reviewer'), BRANCH, 'Two wrong owners')
    const { pauseId } = await pause(h.db, person('rollback'), ROUTING, 'Looking into it')
    await pause(h.db, person('deputy'), ROUTING, 'Again')
    await resume(h.db, person('deputy'), pauseId)
    await resume(h.db, person('deputy'), pauseId)
    const by = (name: string) => `person:${people[name]}`
    assert.deepEqual(await ledger(), [
      { kind: 'refused', actor: by('stranger'), subject: 'routing' },
      { kind: 'pause-asked', actor: by('reviewer'), subject: 'routing/all' },
      { kind: 'paused', actor: by('rollback'), subject: 'routing' },
      { kind: 'resumed', actor: by('deputy'), subject: 'routing' },
    ])
  })

  it('a connection is paused by any of its rollback owners, and each resumes what is theirs', async () => {
    const { pauseId } = await pause(h.db, person('rollback'), here, 'The CRM is being cleaned up')
    await refuses(resume(h.db, person('stranger'), pauseId), 'not-named')
    assert.deepEqual(await resume(h.db, person('otherRollback'), pauseId), {
      workflows: ['other'],
      stillPaused: ['routing'],
    })
    await refuses(resume(h.db, person('otherRollback'), pauseId), 'not-named')
    assert.equal((await open()).length, 1)
    assert.deepEqual(await resume(h.db, person('deputy'), pauseId), { workflows: ['routing'], stillPaused: [] })
    assert.equal(await resume(h.db, person('deputy'), pauseId), null)
  })

  it('everybody named asks, and so does a program of the workflow; nobody else does', async () => {
    for (const actor of [person('reviewer'), token('routing', 'ask-for-pause')]) {
      const { requestId } = await askForPause(h.db, actor, ROUTING, 'Odd')
      assert.ok(requestId)
      assert.equal((await askForPause(h.db, actor, ROUTING, 'Odd again')).requestId, requestId)
    }
    await refuses(askForPause(h.db, person('stranger'), ROUTING, ''), 'not-named')
    await refuses(askForPause(h.db, person('otherRollback'), ROUTING, ''), 'not-named')
    await refuses(askForPause(h.db, token('other', 'ask-for-pause'), ROUTING, ''), 'machine')
    await refuses(askForPause(h.db, token('routing', 'read', 'propose'), ROUTING, ''), 'machine')
    await refuses(pause(h.db, token('routing', 'ask-for-pause'), ROUTING, ''), 'machine')
    assert.deepEqual(await open(), [])
  })

  it('a request without an answer for one business hour is a pause by Lanekeeper, on the scope that was asked for', async () => {
    const { dueAt } = await askForPause(h.db, token('routing', 'ask-for-pause'), BRANCH, 'Odd')
    const { rows } = await sql<{ ms: number }>`
      select (extract(epoch from due_at - asked_at) * 1000)::float8 as ms from pause_request`.execute(h.db)
    assert.ok(rows[0]!.ms >= 3_590_000, `${rows[0]!.ms} ms`)
    assert.ok(dueAt!.getTime() > Date.now())
    assert.equal(await pauseWhatNobodyAnswered(h.db), 0)
    await hourPasses()
    assert.deepEqual(
      await Promise.all([pauseWhatNobodyAnswered(h.db), pauseWhatNobodyAnswered(h.db)]).then((all) => all.sort()),
      [0, 1],
    )
    assert.deepEqual(await open(), [{ scope: 'branch', paused_by: 'lanekeeper', asked_by: 'token:abc' }])
    assert.deepEqual(await askForPause(h.db, person('reviewer'), BRANCH, ''), { requestId: null, dueAt: null })
  })

  it('a request ends with an answer: a pause of it, a pause of more, or a no that takes what resuming takes', async () => {
    const asks = async () => (await askForPause(h.db, person('reviewer'), BRANCH, 'Odd')).requestId!
    const first = await asks()
    await refuses(declinePause(h.db, person('reviewer'), first, ''), 'not-named')
    await refuses(declinePause(h.db, person('rollback', { strength: 'weak' }), first, ''), 'weak-sign-in')
    assert.equal(await declinePause(h.db, person('rollback'), first, 'Checked: it is right'), true)
    assert.equal(await declinePause(h.db, person('rollback'), first, ''), false)
    for (const scope of [BRANCH, ROUTING]) {
      await asks()
      const { pauseId } = await pause(h.db, person('rollback'), scope, '')
      await hourPasses()
      assert.equal(await pauseWhatNobodyAnswered(h.db), 0)
      await resume(h.db, person('rollback'), pauseId)
    }
    await asks()
    await pause(h.db, person('otherRollback'), OTHER, '')
    await hourPasses()
    assert.equal(await pauseWhatNobodyAnswered(h.db), 1)
  })

  it('a scope that there is not is refused by name, and a job that was lost meanwhile counts no more', async () => {
    for (const scope of [
      { kind: 'workflow', workflow: 'nothing' },
      { kind: 'branch', workflow: 'routing', branch: 'nothing' },
      { kind: 'connection', connectionId: 'nothing' },
    ] as const) {
      await assert.rejects(pause(h.db, person('rollback'), scope, ''), /There is no/)
      await assert.rejects(askForPause(h.db, person('reviewer'), scope, ''), /There is no/)
    }
    await assert.rejects(resume(h.db, person('rollback'), 99), /There is no pause 99/)
    await sql`update job set ended_at = now() where person_id = ${people.rollback}`.execute(h.db)
    await refreshLaneHolders(h.db, null)
    await refuses(pause(h.db, person('rollback'), ROUTING, ''), 'not-named')
  })

  it('does not wait for a process that is stopped in the middle of a transaction', async () => {
    const stopped = openDatabase(h.url, { max: 1, applicationName: 'stopped' })
    try {
      const holds = Promise.withResolvers<void>()
      const goesOn = Promise.withResolvers<void>()
      const ended = stopped.transaction().execute(async (trx) => {
        await sql`select pg_advisory_xact_lock_shared(permit_lock(${h.crm.connectionId}, 'routing'))`.execute(trx)
        await sql`select * from ledger_head for update`.execute(trx)
        holds.resolve()
        await goesOn.promise
        await sql`select 1`.execute(trx)
      })
      await holds.promise
      const before = performance.now()
      await pause(h.db, person('rollback'), ROUTING, '')
      assert.ok(performance.now() - before < 20_000, `${performance.now() - before} ms`)
      assert.equal((await open()).length, 1)
      goesOn.resolve()
      await assert.rejects(ended)
    } finally {
      await stopped.destroy()
    }
  })

  /** What was asked for is kept as it was, so the test writes past the trigger. */
  const hourPasses = () =>
    h.db.transaction().execute(async (trx) => {
      await sql`set local session_replication_role = replica`.execute(trx)
      await sql`update pause_request set due_at = now() where answer is null`.execute(trx)
    })
})
