import { type CrmClient, CrmReconnectError, CrmScopeMissingError } from '../../src/crm/crm-client.ts'
import type { ConnectionId } from '../../src/model/record/change-event.ts'
import { checkPeople } from '../../src/pipeline/read/check-people.ts'
import { refreshBatch } from '../../src/pipeline/read/refresh.ts'
import { isAnyToRead } from '../../src/store/decisions/overdue-stages.ts'
import type { WorkerContext } from '../runtime/context.ts'
import { noticesOf } from '../runtime/notices.ts'
import { runStage } from '../runtime/run-stage.ts'
import { HELD_UP_MS, laterWakes } from '../runtime/wake-later.ts'

/** Calls before the stage lets others use the API limit. */
const ROUNDS_MAX = 10

/** A list that lacks a thousand people must not keep the records waiting: the next wake goes on. */
const PEOPLE_ROUNDS_MAX = 2

export function runRefresh(context: WorkerContext): void {
  const { db, queues, fieldsOf, nowMs } = context
  const wakeIn = laterWakes(queues, 'refresh')
  queues.consume(
    'refresh',
    (connectionId, stopping) =>
      runStage(context, 'refresh', connectionId, stopping, async ({ client, connection }, signal) => {
        await context.followPolicies?.()
        await askForPeople(context, connection.id, client, signal)
        for (let round = 0; round < ROUNDS_MAX && !signal.aborted; round += 1) {
          const { taken } = await refreshBatch({ db, client, connection, fieldsOf, nowMs })
          if (taken === 0) {
            // Locked at this moment, by a fold or a decision.
            if (await isAnyToRead(db, connectionId)) wakeIn(connectionId, HELD_UP_MS)
            return
          }
          queues.wake('apply', connectionId)
        }
        queues.wake('refresh', connectionId)
      }),
    { concurrency: 2 },
  )
}

/** Whom a list left out or no list has held. What the answers change is decided again, and may let a workflow run. */
async function askForPeople(
  context: WorkerContext,
  connectionId: ConnectionId,
  client: CrmClient,
  signal: AbortSignal,
): Promise<void> {
  const { db, queues, logger } = context
  for (let round = 0; round < PEOPLE_ROUNDS_MAX && !signal.aborted; round += 1) {
    const { taken, changed, departures } = await checkPeople(db, client, connectionId).catch((error) => {
      if (error instanceof CrmReconnectError && !(error instanceof CrmScopeMissingError)) throw error
      // Records are read all the same. The call's failure has its notice, and the ids are asked about again.
      logger.warn({ err: error, connectionId }, 'users not read by id')
      return { taken: 0, changed: [], departures: [] }
    })
    if (taken === 0) return
    if (changed.length > 0) {
      await context.refreshReadiness()
      queues.wake('decide', connectionId)
    }
    await noticesOf(context).people(connectionId, { departures, missing: null })
  }
}
