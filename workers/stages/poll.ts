import { CrmRefusedError } from '../../src/crm/crm-client.ts'
import type { SalesforceClient } from '../../src/crm/salesforce/client/client.ts'
import { crmProfile } from '../../src/model/record/crm-profile.ts'
import { eraseVanished } from '../../src/pipeline/read/erase-vanished.ts'
import { importBaseline } from '../../src/pipeline/read/import-baseline.ts'
import { pollChanges } from '../../src/pipeline/read/poll-changes.ts'
import { syncPeople } from '../../src/pipeline/read/sync-people.ts'
import { syncTerritories, TERRITORIES_EVERY_MS } from '../../src/pipeline/read/sync-territories.ts'
import { ASSIGNMENTS_EVERY_MS, syncAssignments } from '../../src/pipeline/read/sync-territory-assignments.ts'
import {
  type ConnectionRow,
  isResyncWaiting,
  listConnections,
  setConnectionStatus,
} from '../../src/store/connections/connections.ts'
import { inTransaction } from '../../src/store/database/transaction.ts'
import { claimReading, finishReading, renewReading } from '../../src/store/records/overdue-stages.ts'
import type { WorkerContext } from '../runtime/context.ts'
import { noticesOf } from '../runtime/notices.ts'
import { runStage } from '../runtime/run-stage.ts'
import { driftWatch } from './schema-drift.ts'

/** First import where it is not done yet, else the poll by modification date; people in either case. */
export function runPoll(context: WorkerContext): void {
  const { db, queues, fieldsOf, nowMs, logger, instance } = context
  const territories = rarely(context, {
    what: 'territories',
    everyMs: TERRITORIES_EVERY_MS,
    read: (reading) => compareTerritories(context, reading),
  })
  const assignments = rarely(context, {
    what: 'assignments to territories',
    everyMs: ASSIGNMENTS_EVERY_MS,
    read: (reading) => followAssignments(context, reading),
  })
  const checkForDrift = driftWatch(context)
  queues.consume(
    'poll',
    (connectionId, stopping) =>
      runStage(context, 'poll', connectionId, stopping, async (connected, signal) => {
        const { client, setup, stream } = connected
        if (!(await claimReading(db, connectionId, instance))) return
        let polled = false
        try {
          const connection = (await listConnections(db)).find((c) => c.id === connectionId)
          if (!connection) return
          const { changed, departures } = await syncPeople(db, client, connection.id)
          // Also where nobody changed: a look that failed after people were stored must not be the last.
          await context.refreshReadiness()
          if (changed.length > 0) queues.wake('decide', connectionId)
          await noticesOf(context).people(connectionId, departures)
          const onPage = () => {
            queues.wake('apply', connectionId)
            renewReading(db, connectionId, instance).catch((error) => logger.debug({ err: error }, 'lease not renewed'))
          }
          const reading = stream && { connection, client: stream.client, onPage, signal }
          if (reading) await territories(reading)
          const deps = { db, client, connection, fieldsOf, nowMs, onPage, signal }
          await checkForDrift(connection, client)
          if (connection.baseline.done) {
            polled = (await pollChanges(deps)).complete
            if (reading) await assignments(reading)
          } else await importBaseline({ ...deps, count: setup.count })
          if ((await eraseVanished(deps)) > 0) queues.wake('apply', connectionId)
          // People and every object were read: whatever was missing is there again.
          if (connection.status !== 'connected' && !signal.aborted) {
            await setConnectionStatus(db, connected.connection, 'connected', null)
            logger.info({ connectionId }, 'connection works again')
          }
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

type Reading = {
  readonly connection: ConnectionRow
  readonly client: SalesforceClient
  readonly onPage: () => void
  readonly signal: AbortSignal
}

/** What no stream tells, at most once in `everyMs` per process. An org that refuses to show it is none of our troubles. */
function rarely(
  { nowMs, logger }: WorkerContext,
  { what, everyMs, read }: { what: string; everyMs: number; read: (reading: Reading) => Promise<unknown> },
) {
  const readAtMs = new Map<string, number>()
  return async (reading: Reading): Promise<void> => {
    const { id } = reading.connection
    if (nowMs() - (readAtMs.get(id) ?? Number.NEGATIVE_INFINITY) < everyMs) return
    readAtMs.set(id, nowMs())
    try {
      await read(reading)
    } catch (error) {
      if (!(error instanceof CrmRefusedError)) throw error
      logger.info({ connectionId: id, err: error }, `${what} cannot be read`)
    }
  }
}

/** Holds the territories of the org against the territory table. */
async function compareTerritories({ db, workflows }: WorkerContext, { connection, client }: Reading): Promise<void> {
  const table = new Map(
    (await workflows()).flatMap(({ version }) => version.policy.territories.map((t) => [t.territory, t])),
  )
  const territories = () => client.territories()
  await syncTerritories({ db, connectionId: connection.id, territories, table: [...table.values()] })
}

/** Which records are assigned to which territory, where a policy asks. */
async function followAssignments({ db, fieldsOf }: WorkerContext, reading: Reading): Promise<void> {
  const { connection, client, onPage, signal } = reading
  const { crm } = connection
  const objects = crmProfile(crm).territoryObjects.filter((object) => fieldsOf(crm, object).ours.length > 0)
  await syncAssignments({ db, connection, assignments: client.assignments, objects, onPage, signal })
}
