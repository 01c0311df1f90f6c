import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import type { CrmClient } from '../../src/crm/crm-client.ts'
import { actBatch } from '../../src/pipeline/act/act.ts'
import { beat } from '../../src/store/database/counters.ts'
import { type Database, openDatabase } from '../../src/store/database/database.ts'
import { answeredWithinMs } from '../../src/store/writes/write-timing.ts'
import { actDependencies, TIMING } from './acting.ts'
import type { CrmOfProof } from './crms.ts'
import type { Place, Plan } from './plan.ts'
import { standingAt, until } from './points.ts'
import { decideWrite } from './rows.ts'
import { type RealVictim, startVictim } from './start-victim.ts'
import { whatIsWrong } from './what-is-wrong.ts'

/** What a run showed. */
export type Finished = {
  /** Empty: nothing. */
  readonly wrong: readonly string[]
  /** False: the worker was past its point before it could be ended, as on a machine that is too busy. */
  readonly wasThere: boolean
}

/** A run whose worker stands at its point. */
export type StandingRun = {
  /** The worker goes on now, and not later. */
  goOn(): Promise<void>
  /** The worker ends, another takes over, and the CRM and our database are looked at. */
  finish(): Promise<Finished>
}

export async function oneRun(place: Place, plan: Plan): Promise<Finished> {
  const standing = await beginRun(place, plan)
  return await standing.finish()
}

export async function beginRun(place: Place, given: Plan): Promise<StandingRun> {
  const { of, db, client, people } = place
  // Where a task is hung on its record by the call that makes it, no other call comes to stand at.
  const plan: Plan = given.kind === 'link' && !of.linksApart ? { ...given, kind: 'task' } : given
  const [from, to, other] = people as [string, string, string]
  const tasksBefore = await of.allTasks()
  const recordId = await of.newRecord(from)
  const intentId = await decideWrite(db, of, client, { isOwner: plan.kind === 'owner', recordId, from, to })
  if (plan.point === 'left') await of.loseNextAnswer(plan.kind)
  const hasProcess = plan.real && (plan.end === 'kill' || plan.end === 'stop')
  const victim = await (hasProcess ? realVictim(place, plan) : victimHere(place, plan))
  if (plan.point === 'left') {
    // On a slow machine the deadline of the call may come first. Nothing may be written twice then either.
    await until('the CRM has done the write', async () => {
      if (!victim.isThere()) return true
      if (plan.kind === 'owner') return (await of.ownerOf(recordId)) === to
      if (plan.kind === 'link') return (await of.tasksOf(recordId)).length > 0
      return (await of.allTasks()) > tasksBefore
    }).catch(() => undefined)
  }
  const isWritten = async () => plan.kind === 'owner' && (await of.ownerOf(recordId)) === to
  const isWrittenBefore = await isWritten()
  const wasThere = victim.isThere()
  return {
    goOn: () => victim.goOn(),
    async finish() {
      const isStillThere = await victim.end()
      await of.clearFaults()
      const facts = { recordId, intentId, to, other, tasksBefore, isWritten: isWrittenBefore || (await isWritten()) }
      if (plan.personActs) await of.setOwner(recordId, other)
      // The grant of the one that stands still is over by then, as it is by far in the time that really passes.
      await wait(TIMING.grantMs + 20)
      await finishAll(place, intentId)
      await victim.goOn()
      await finishAll(place, intentId)
      return { wrong: await whatIsWrong(place, plan, facts), wasThere: wasThere && isStillThere }
    },
  }
}

type Victim = {
  /** It stands at its point, or its answer is under way. */
  isThere(): boolean
  /** False: it was past its point. */
  end(): Promise<boolean>
  /** Where it is not killed: it goes on from where it stands, once. */
  goOn(): Promise<void>
}

async function victimHere({ of, url, db, client }: Place, { kind, point, end, seed }: Plan): Promise<Victim> {
  const instance = `victim-${seed}`
  const own = openDatabase(url, { max: 2, applicationName: instance })
  const standing = Promise.withResolvers<void>()
  let stands = point === 'left'
  let goesOn: Promise<void> | null = null
  const slow = standingAt(client, { kind, point }, () => {
    stands = true
    return standing.promise
  })
  await beat(own, 'worker', instance)
  let isOver = false
  const acting = actBatch(actDependencies(own, of, slow, instance))
    .catch(() => undefined)
    .then(() => {
      isOver = true
    })
  if (point !== 'left') await Promise.race([acting, until('the worker stands still', async () => stands)])
  const isThere = () => stands && !isOver
  return {
    isThere,
    async end() {
      const wasThere = isThere() || goesOn !== null
      await dies(db, instance)
      if (end === 'kill') {
        // Other places have a victim of the same seed, in databases of their own.
        await sql`
          select pg_terminate_backend(pid) from pg_stat_activity
          where application_name = ${instance} and datname = current_database()`.execute(db)
      }
      return wasThere
    },
    goOn() {
      goesOn ??= (async () => {
        if (end !== 'kill') {
          standing.resolve()
          await acting
        }
        await own.destroy()
      })()
      return goesOn
    },
  }
}

async function realVictim(place: Place, plan: Plan): Promise<Victim> {
  const instance = `victim-${plan.seed}`
  const child: RealVictim = await startVictim(place, plan, instance)
  return {
    isThere: () => child.isAtWork(),
    async end() {
      child.signal(plan.end === 'kill' ? 'SIGKILL' : 'SIGSTOP')
      const wasThere = child.isAtWork()
      await dies(place.db, instance)
      return wasThere
    },
    async goOn() {
      if (plan.end === 'kill') return await child.over
      child.signal('SIGCONT')
      await child.goOn()
    },
  }
}

/** As if its beat had been missing for long enough, and the time of what it was let through had passed. */
async function dies(db: Database, instance: string): Promise<void> {
  await again(() =>
    sql`update process_beat set beat_at = now() - interval '1 hour' where instance = ${instance}`.execute(db),
  )
}

/** Connections of before a crash fail once. */
async function again<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask()
    } catch (error) {
      if (attempt === 8) throw error
      await wait(20)
    }
  }
}

const DONE_WITHIN_MS = answeredWithinMs(TIMING) + 30_000

/** Another worker goes on until nothing waits, as the sweeper would make it: the write, and what follows it. */
async function finishAll({ of, db, client }: Place, intentId: number): Promise<void> {
  const givesUpAt = performance.now() + DONE_WITHIN_MS
  for (let round = 0; performance.now() < givesUpAt; round += 1) {
    await wait(Math.min(round, 10) * 30)
    await again(() =>
      sql`update intent set next_attempt_at = now() where state in ('pending', 'unknown', 'sending')`.execute(db),
    )
    await again(() => beat(db, 'worker', 'next'))
    await actBatch(actDependencies(db, of, client, 'next')).catch(() => undefined)
    const { rows } = await again(() =>
      sql<{ open: number }>`
        select count(*)::int as open from intent i, intent own
        where own.id = ${intentId} and i.state not in ('done', 'cancelled', 'refused')
          and (i.id = own.id or i.task_id = own.task_id)`.execute(db),
    )
    if (rows[0]!.open === 0) return
  }
}
