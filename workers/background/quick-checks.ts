import { setInterval as every } from 'node:timers/promises'
import { CrmBusyError, type CrmClient } from '../../src/crm/crm-client.ts'
import { checkEveryMs, LONGEST_MS, SHORTEST_MS } from '../../src/pipeline/read/check-interval.ts'
import { pollTasks } from '../../src/pipeline/read/poll-changes.ts'
import { callsOfDay } from '../../src/store/connections/call-budget.ts'
import { type ConnectionRow, listConnections } from '../../src/store/connections/connections.ts'
import { claimReading, finishReading } from '../../src/store/decisions/overdue-stages.ts'
import type { ConnectedClient, WorkerContext } from '../runtime/context.ts'
import { driftWatch } from '../runtime/drift-watch.ts'
import { runStage } from '../runtime/run-stage.ts'

const LOOK_EVERY_MS = 5_000

/** Tasks that changed, and tasks that were deleted. */
const CALLS_FOR_TASKS = 2

/**
 * Between two polls, of connections whose changes arrive by themselves: tasks that people completed, and fields that an
 * admin removed. Neither is sure to come as an event, and the poll may be minutes away.
 */
export async function runQuickChecks(context: WorkerContext): Promise<void> {
  const checks = quickChecks(context)
  for await (const _ of every(LOOK_EVERY_MS, undefined, { signal: context.signal })) await checks.look()
}

export function quickChecks(context: WorkerContext): { look(): Promise<void> } {
  const { db, signal, nowMs } = context
  const checkedMs = new Map<string, number>()
  const failed = new Map<string, Failed>()
  const checkForDrift = driftWatch(context)
  return {
    async look() {
      const rows = await listConnections(db).catch(() => [])
      for (const row of rows) {
        // A connection that was mended begins afresh.
        if (row.status !== 'connected') failed.delete(row.id)
        if (row.status !== 'connected' || row.feed === 'poll' || !row.baseline.done) continue
        if (context.clientOf(row.id) === undefined || signal.aborted) continue
        // The first time it waits as long as between two: the start has a poll of its own.
        const lastMs = checkedMs.get(row.id) ?? nowMs()
        if (!checkedMs.has(row.id)) checkedMs.set(row.id, lastMs)
        // Before the database is asked for the day's calls, which no look within this time needs.
        if (nowMs() < lastMs + SHORTEST_MS || nowMs() < (failed.get(row.id)?.againMs ?? 0)) continue
        await runStage(context, 'poll', row.id, signal, async (connected, until) => {
          if (nowMs() < lastMs + checkEveryMs(CALLS_FOR_TASKS, await callsOfDay(db, row.id))) return
          try {
            if (await check(context, { row, connected, signal: until, checkForDrift })) checkedMs.set(row.id, nowMs())
            failed.delete(row.id)
          } catch (error) {
            failed.set(row.id, failedAgain(failed.get(row.id), error, nowMs()))
            throw error
          }
        })
      }
    },
  }
}

type Failed = { readonly times: number; readonly againMs: number }

/** Each failure doubles the wait: a CRM that is down or refuses us is not asked more often for it. */
function failedAgain(before: Failed | undefined, error: unknown, nowMs: number): Failed {
  const times = (before?.times ?? 0) + 1
  const waitMs = Math.min(LONGEST_MS, LOOK_EVERY_MS * 2 ** times)
  // A CRM that says when it may be asked again is not asked before.
  const freeMs = error instanceof CrmBusyError ? error.retryAtMs : 0
  return { times, againMs: Math.max(nowMs + waitMs, freeMs) }
}

/** False: another process reads the connection at this moment. */
async function check(
  { db, instance, fieldsOf, nowMs, queues }: WorkerContext,
  of: {
    readonly row: ConnectionRow
    readonly connected: ConnectedClient
    readonly signal: AbortSignal
    readonly checkForDrift: (row: ConnectionRow, client: CrmClient) => Promise<void>
  },
): Promise<boolean> {
  const { row, connected, signal, checkForDrift } = of
  const { client } = connected
  if (!(await claimReading(db, row.id, instance))) return false
  try {
    await checkForDrift(row, client)
    await pollTasks({
      db,
      client,
      connection: row,
      fieldsOf,
      nowMs,
      onPage: () => queues.wake('apply', row.id),
      signal,
    })
  } finally {
    await finishReading(db, row.id, instance, false)
  }
  return true
}
