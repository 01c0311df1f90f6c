import { setTimeout as wait } from 'node:timers/promises'
import { CrmBusyError } from '../../src/crm/crm-client.ts'
import { compareRecords } from '../../src/pipeline/compare/compare-records.ts'
import { recheckRereads } from '../../src/pipeline/compare/recheck-differences.ts'
import { dueComparison, FIRST_AFTER_S } from '../../src/pipeline/compare/schedule.ts'
import {
  claimComparison,
  ensureComparison,
  isBaselineFolded,
  readComparison,
  releaseComparison,
  requestComparison,
} from '../../src/store/compare/comparisons.ts'
import { isRereading } from '../../src/store/compare/differences.ts'
import { findConnection, listConnections } from '../../src/store/connections/connections.ts'
import { byDatabaseClock } from '../../src/store/database/clock.ts'
import type { Database } from '../../src/store/database/database.ts'
import { isPast, seeHorizon, type TallyHorizon, tallyEvents } from '../../src/store/events/event-tallies.ts'
import type { WorkerContext } from '../runtime/context.ts'
import { runStage } from '../runtime/run-stage.ts'

/** Short enough that the page responds soon after an admin pressed its button. */
const TURN_MS = 1_500

/** Ranges of events counted per turn and connection: a million are counted in minutes, and comparisons still get a turn. */
const TALLIES_MAX = 20

const AFTER_FAILURE_MS = 60_000

/** Counts events by outcome, and compares our records with the CRM's, on a schedule or when an admin asks. */
export async function runComparisons(context: WorkerContext): Promise<void> {
  const { logger, signal } = context
  const busy = new Set<string>()
  const turn = tallying(context)
  while (!signal.aborted) {
    // What cannot be counted is no reason to compare nothing.
    await turn()
    for (const connectionId of context.connectionIds()) {
      if (busy.has(connectionId)) continue
      busy.add(connectionId)
      // Not awaited, because one connection's comparison may take hours.
      compare(context, connectionId)
        .catch((error) => {
          if (!signal.aborted) logger.warn({ connectionId, err: error }, 'comparison failed, it will continue')
        })
        .finally(() => busy.delete(connectionId))
    }
    await wait(TURN_MS, undefined, { signal }).catch(() => undefined)
  }
  // The caller closes the database next, so comparisons first finish what they write.
  while (busy.size > 0) await wait(50)
}

/** Counts what has come since, at each call. Says once that it cannot. */
function tallying(context: WorkerContext): () => Promise<void> {
  const { logger, signal } = context
  let horizon: TallyHorizon | null = null
  let failing = false
  return async () => {
    try {
      horizon = await tally(context, horizon)
      failing = false
    } catch (error) {
      if (!failing && !signal.aborted) logger.warn({ err: error }, 'events are not counted, trying again')
      failing = true
    }
  }
}

/** One connection whose events cannot be counted holds up no other. */
async function tally({ db, signal }: WorkerContext, horizon: TallyHorizon | null): Promise<TallyHorizon | null> {
  if (horizon === null) return seeHorizon(db)
  if (!(await isPast(db, horizon))) return horizon
  const failures: unknown[] = []
  for (const { id } of await listConnections(db)) {
    await tallyConnection(db, id, horizon, signal).catch((error) => failures.push(error))
  }
  if (failures.length > 0) throw failures[0]
  return null
}

async function tallyConnection(db: Database, id: string, { toId }: TallyHorizon, signal: AbortSignal): Promise<void> {
  for (let n = 0; n < TALLIES_MAX && !signal.aborted; n += 1) {
    if (!(await tallyEvents(db, id, toId))) break
  }
}

async function compare(context: WorkerContext, connectionId: string): Promise<void> {
  const { db, instance, queues } = context
  const connection = await findConnection(db, connectionId)
  if (connection?.status !== 'connected' || !connection.baseline.done) return
  const nowMs = await byDatabaseClock(db, context.nowMs)
  await ensureComparison(db, connectionId, FIRST_AFTER_S)
  let check = await readComparison(db, connectionId)
  if (check === null) return
  const due = dueComparison(check, { nowMs: nowMs(), timeZone: connection.timeZone })
  if (due !== null) {
    await requestComparison(db, connectionId, 'clock', due)
    check = await readComparison(db, connectionId)
  }
  if (check === null || (check.notBefore !== null && +check.notBefore > nowMs())) return
  const rereading = await isRereading(db, connectionId)
  if (check.state === 'idle' && !rereading) return
  if (!(await isBaselineFolded(db, connectionId))) return
  if (!(await claimComparison(db, connectionId, instance))) return
  let paused: { problem: string; forMs: number } | null = null
  await runStage(context, 'comparison', connectionId, context.signal, async ({ client, setup }, signal) => {
    const deps = {
      ...context,
      signal,
      client,
      connection,
      count: (objectType: string) => setup.count(objectType),
      onReread: () => queues.wake('apply', connectionId),
    }
    try {
      if (rereading) {
        // The console only wrote rows, so the stages have to be woken here.
        queues.wake('apply', connectionId)
        queues.wake('refresh', connectionId)
        await recheckRereads(deps)
      }
      if (check.state !== 'idle') await compareRecords(deps)
    } catch (error) {
      paused =
        error instanceof CrmBusyError
          ? { problem: 'No API calls are free right now.', forMs: error.retryAtMs - context.nowMs() }
          : { problem: 'Reading from the CRM failed.', forMs: AFTER_FAILURE_MS }
      throw error
    }
  }).finally(() => releaseComparison(db, connectionId, instance, paused))
}
