import type { CrmClient } from '../../src/crm/crm-client.ts'
import { eraseVanished } from '../../src/pipeline/read/erase-vanished.ts'
import { importBaseline } from '../../src/pipeline/read/import-baseline.ts'
import { pollChanges } from '../../src/pipeline/read/poll-changes.ts'
import { syncPeople } from '../../src/pipeline/read/sync-people.ts'
import { type ConnectionRow, listConnections, setConnectionStatus } from '../../src/store/connections/connections.ts'
import { inTransaction } from '../../src/store/database/transaction.ts'
import { claimReading, finishReading, renewReading } from '../../src/store/decisions/overdue-stages.ts'
import { isResyncWaiting } from '../../src/store/records/watermarks.ts'
import type { ConnectedClient, WorkerContext } from '../runtime/context.ts'
import { driftWatch } from '../runtime/drift-watch.ts'
import { noticesOf } from '../runtime/notices.ts'
import { runStage } from '../runtime/run-stage.ts'
import { laterWakes } from '../runtime/wake-later.ts'
import { type TerritoryReadings, territoryReadings } from './territories.ts'

/** What this poll was asked for may have happened after the one that runs had read it. */
const AFTER_THE_OTHER_MS = 1_000

/**
 * An import lets other connections have their turn after this: two that take hours would hold up every poll. Long beside
 * what a turn costs, which is the list of people.
 */
const IMPORT_TURN_MS = 30_000

/** First import where it is not done yet, else the poll by modification date; people in either case. */
export function runPoll(context: WorkerContext): void {
  const { db, queues, instance } = context
  const wakeIn = laterWakes(queues, 'poll')
  const watches: Watches = { territories: territoryReadings(context), checkForDrift: driftWatch(context) }
  queues.consume(
    'poll',
    (connectionId, stopping) =>
      runStage(context, 'poll', connectionId, stopping, async (connected, signal) => {
        if (!(await claimReading(db, connectionId, instance))) {
          wakeIn(connectionId, AFTER_THE_OTHER_MS)
          return
        }
        let polled = false
        try {
          polled = await pollOnce(context, watches, connected, signal)
        } finally {
          await inTransaction(db, async (trx) => {
            // Asked for after its object was read: there is another round to do.
            const isWaiting = await isResyncWaiting(trx, connectionId)
            await finishReading(trx, connectionId, instance, polled && !isWaiting)
          })
          for (const id of context.connectionIds()) queues.wake('decide', id)
        }
      }),
    { concurrency: 2 },
  )
}

type Watches = {
  readonly territories: TerritoryReadings
  readonly checkForDrift: ReturnType<typeof driftWatch>
}

/** Returns whether the poll came to its end. */
async function pollOnce(
  context: WorkerContext,
  { territories, checkForDrift }: Watches,
  connected: ConnectedClient,
  signal: AbortSignal,
): Promise<boolean> {
  const { db, queues, fieldsOf, nowMs, logger, instance } = context
  const { client, setup } = connected
  const connection = (await listConnections(db)).find(({ id }) => id === connected.connection.id)
  if (!connection) return false
  const { id } = connection
  await context.followPolicies?.()
  await readPeople(context, connection, client)
  const onPage = () => {
    queues.wake('apply', id)
    renewReading(db, id, instance).catch((error) => logger.debug({ err: error }, 'lease not renewed'))
  }
  const reading = connected.territories && { connection, territories: connected.territories, onPage, signal }
  if (reading) await territories.compare(reading)
  const deps = { db, client, connection, fieldsOf, nowMs, onPage, signal }
  await checkForDrift(connection, client)
  let polled = false
  if (connection.baseline.done) {
    polled = (await pollChanges(deps)).complete
    // What these pages no longer showed is found out now, and not with the next poll.
    await checkForDrift(connection, client)
    if (reading) await territories.follow(reading)
  } else {
    const turn = AbortSignal.any([signal, AbortSignal.timeout(IMPORT_TURN_MS)])
    const { done } = await importBaseline({ ...deps, count: setup.count, signal: turn })
    if (!done && !signal.aborted) queues.wake('poll', id)
  }
  if ((await eraseVanished(deps)) > 0) queues.wake('apply', id)
  // People and every object were read: whatever was missing is there again.
  if (connection.status !== 'connected' && !signal.aborted) {
    await setConnectionStatus(db, connected.connection, 'connected', null)
    logger.info({ connectionId: id }, 'connection works again')
  }
  return polled
}

async function readPeople(context: WorkerContext, { id }: ConnectionRow, client: CrmClient): Promise<void> {
  const { changed, departures, missing, asked, unknownZones } = await syncPeople(context.db, client, id)
  // Also when nobody changed: if this failed after people were stored, the next poll must repeat it.
  await context.refreshReadiness()
  if (changed.length > 0) context.queues.wake('decide', id)
  if (asked > 0) context.queues.wake('refresh', id)
  await noticesOf(context).people(id, { departures, missing, unknownZones })
}
