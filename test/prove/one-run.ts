import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import type { CrmClient } from '../../src/crm/crm-client.ts'
import { actBatch } from '../../src/pipeline/act/act.ts'
import { beat } from '../../src/store/database/counters.ts'
import { type Database, openDatabase } from '../../src/store/database/database.ts'
import type { CrmOfProof } from './crms.ts'
import { type Point, standingAt, until } from './points.ts'
import { actDependencies, decideWrite, TIMING } from './rows.ts'
import { type RealVictim, startVictim } from './start-victim.ts'

export type Place = {
  readonly of: CrmOfProof
  readonly db: Database
  readonly url: string
  readonly client: CrmClient
  readonly people: readonly string[]
}

export type Plan = {
  readonly seed: number
  readonly kind: 'task' | 'owner'
  readonly point: Point
  /** `kill`: it never goes on. `stop`: it goes on when another has taken over. */
  readonly end: 'kill' | 'stop'
  /** A process of its own, ended by a signal. */
  readonly real: boolean
  /** Somebody gives the record another owner while the worker stands still. */
  readonly personActs: boolean
}

/** Runs the plan and returns what is wrong afterwards; empty: nothing. */
export async function oneRun(place: Place, plan: Plan): Promise<string[]> {
  const { of, db, client, people } = place
  const [from, to, other] = people as [string, string, string]
  const recordId = await of.newRecord(from)
  const intentId = await decideWrite(db, of, client, { kind: plan.kind, recordId, from, to })
  if (plan.point === 'left') await of.loseNextAnswer(plan.kind)
  const victim = await (plan.real ? realVictim(place, plan) : victimHere(place, plan))
  if (plan.point === 'left') {
    // On a slow machine the deadline of the call may come first. Nothing may be written twice then either.
    await until('the CRM has done the write', async () =>
      plan.kind === 'task' ? (await of.tasksOf(recordId)).length > 0 : (await of.ownerOf(recordId)) === to,
    ).catch(() => undefined)
  }
  const isWritten = plan.kind === 'owner' && (await of.ownerOf(recordId)) === to
  await victim.end()
  await of.clearFaults()
  if (plan.personActs) await of.setOwner(recordId, other)
  // The grant of the one that stands still is over by then, as it is by far in the time that really passes.
  await wait(TIMING.grantMs + 20)
  await finish(place, intentId)
  await victim.goOn()
  await finish(place, intentId)
  return await whatIsWrong(place, plan, { recordId, intentId, to, other, isWritten })
}

type Victim = { end(): Promise<void>; goOn(): Promise<void> }

async function victimHere({ of, url, db, client }: Place, { point, end, seed }: Plan): Promise<Victim> {
  const instance = `victim-${seed}`
  const own = openDatabase(url, { max: 2, applicationName: instance })
  let goOn = () => {}
  let stands = false
  const standing = new Promise<void>((resolve) => {
    goOn = resolve
  })
  const slow = standingAt(client, point, () => {
    stands = true
    return standing
  })
  await beat(own, 'worker', instance)
  const acting = actBatch(actDependencies(own, of, slow, instance)).catch(() => undefined)
  if (point !== 'left') await Promise.race([acting, until('the worker stands still', async () => stands)])
  return {
    async end() {
      await dies(db, instance)
      if (end === 'kill') {
        await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = ${instance}`.execute(
          db,
        )
      }
    },
    async goOn() {
      if (end === 'stop') {
        goOn()
        await acting
      }
      await own.destroy()
    },
  }
}

async function realVictim(place: Place, plan: Plan): Promise<Victim> {
  const instance = `victim-${plan.seed}`
  const child: RealVictim = await startVictim(place, plan, instance)
  return {
    async end() {
      child.signal(plan.end === 'kill' ? 'SIGKILL' : 'SIGSTOP')
      await dies(place.db, instance)
    },
    async goOn() {
      if (plan.end === 'stop') child.signal('SIGCONT')
      await child.ended
    },
  }
}

/** As if its beat had been missing for long enough, and the time of what it was let through had passed. */
async function dies(db: Database, instance: string): Promise<void> {
  await sql`update process_beat set beat_at = now() - interval '1 hour' where instance = ${instance}`.execute(db)
}

/** Another worker goes on until nothing waits, as the sweeper would make it. */
async function finish({ of, db, client }: Place, intentId: number): Promise<void> {
  for (let round = 0; round < 8; round += 1) {
    await sql`update intent set next_attempt_at = now() where state in ('pending', 'unknown', 'sending')`.execute(db)
    await beat(db, 'worker', 'next')
    await actBatch(actDependencies(db, of, client, 'next')).catch(() => undefined)
    const { rows } = await sql<{ state: string }>`select state from intent where id = ${intentId}`.execute(db)
    if (rows[0]!.state === 'done' || rows[0]!.state === 'cancelled') return
  }
}

type Facts = {
  readonly recordId: string
  readonly intentId: number
  readonly to: string
  readonly other: string
  /** The CRM showed our owner before anybody else changed it. */
  readonly isWritten: boolean
}

async function whatIsWrong(
  { of, db }: Place,
  { kind, personActs }: Plan,
  { recordId, intentId, to, other, isWritten }: Facts,
): Promise<string[]> {
  const wrong: string[] = []
  const { rows } = await sql<{ state: string; attempts: number; unanswered: number; crm_task_id: string | null }>`
    select i.state, t.crm_task_id, (select count(*)::int from write_attempt a where a.intent_id = i.id) as attempts,
      (select count(*)::int from write_attempt a where a.intent_id = i.id and not exists (
        select 1 from write_answer w where w.attempt_id = a.id)) as unanswered
    from intent i left join task t on t.id = i.task_id where i.id = ${intentId}`.execute(db)
  const { state, attempts, unanswered, crm_task_id: known } = rows[0]!
  if (state !== 'done' && state !== 'cancelled') wrong.push(`the intent ended as ${state}`)
  if (unanswered > 0) wrong.push(`${unanswered} attempts have no answer in the write log`)
  if (kind === 'task') {
    const tasks = await of.tasksOf(recordId)
    if (tasks.length !== 1) wrong.push(`${tasks.length} tasks`)
    if (attempts < tasks.length) wrong.push(`${tasks.length} tasks and ${attempts} rows in the write log`)
    if (known !== tasks[0]) wrong.push(`the task is ${tasks[0]} and we know ${known}`)
    return wrong
  }
  const owner = await of.ownerOf(recordId)
  if (owner !== (personActs ? other : to)) wrong.push(`the owner is ${owner}`)
  if ((isWritten || owner === to) && attempts === 0) wrong.push('an owner was written without a row in the write log')
  return wrong
}
