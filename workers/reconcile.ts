import { CrmRefusedError } from '../src/crm/crm.ts'
import type { SalesforceClient } from '../src/crm/salesforce/salesforce-client.ts'
import type { ConnectionId } from '../src/model/record/change-event.ts'
import { ASSIGNED_OBJECTS } from '../src/model/record/territories-field.ts'
import { eraseGone } from '../src/pipeline/erase-gone.ts'
import { importBaseline } from '../src/pipeline/import-baseline.ts'
import { reconcile } from '../src/pipeline/reconcile.ts'
import { ASSIGNMENTS_EVERY_MS, syncAssignments } from '../src/pipeline/sync-assignments.ts'
import { syncPeople } from '../src/pipeline/sync-people.ts'
import { syncTerritories, TERRITORIES_EVERY_MS } from '../src/pipeline/sync-territories.ts'
import { type ConnectionRow, isResyncWaiting, listConnections, setConnectionStatus } from '../src/store/connections.ts'
import { claimReading, finishReading, renewReading } from '../src/store/overdue.ts'
import { inTransaction } from '../src/store/transaction.ts'
import type { WorkerContext } from './context.ts'
import { driftWatch } from './drift.ts'
import { noticesOf } from './notices.ts'
import { runStage } from './run-stage.ts'

/** First import where it is not done yet, else the poll by modification date; people in either case. */
export function runReconcile(context: WorkerContext): void {
  const { db, queues, fieldsOf, nowMs, logger, instance } = context
  const territories = hourlyTerritories(context)
  const assignments = territoryAssignments(context)
  const lookForDrift = driftWatch(context)
  queues.consume(
    'reconcile',
    (connectionId, stopping) =>
      runStage(context, 'reconcile', connectionId, stopping, async (connected, signal) => {
        const { client, setup, stream } = connected
        if (!(await claimReading(db, connectionId, instance))) return
        let reconciled = false
        try {
          const connection = (await listConnections(db)).find((c) => c.id === connectionId)
          if (!connection) return
          const { changed, departures } = await syncPeople(db, client, connection.id)
          // Also where nobody changed: a look that failed after people were stored must not be the last.
          await context.refreshReadiness()
          if (changed.length > 0) queues.wake('decide', connectionId)
          await noticesOf(context).people(connectionId, departures)
          if (stream) await territories(connection.id, stream.client)
          const onPage = () => {
            queues.wake('apply', connectionId)
            renewReading(db, connectionId, instance).catch((error) => logger.debug({ err: error }, 'lease not renewed'))
          }
          const deps = { db, client, connection, fieldsOf, nowMs, onPage, signal }
          await lookForDrift(connection, client)
          if (connection.baseline.done) {
            reconciled = (await reconcile(deps)).complete
            if (stream) await assignments(connection, stream.client, onPage, signal)
          } else await importBaseline({ ...deps, count: setup.count })
          if ((await eraseGone(deps)) > 0) queues.wake('apply', connectionId)
          // People and every object were read: whatever was missing is there again.
          if (connection.status !== 'connected' && !signal.aborted) {
            await setConnectionStatus(db, connected.connection, 'connected', null)
            logger.info({ connectionId }, 'connection works again')
          }
        } finally {
          await inTransaction(db, async (trx) => {
            // Asked for after its object was read: there is another round to do.
            const isWaiting = await isResyncWaiting(trx, connectionId)
            await finishReading(trx, connectionId, instance, reconciled && !isWaiting)
          })
          for (const id of context.connectionIds()) queues.wake('decide', id)
        }
      }),
    { concurrency: 2 },
  )
}

/** Which records are assigned to which territory, where a policy asks. An org that refuses to say is none of our troubles. */
function territoryAssignments(context: WorkerContext) {
  const readAtMs = new Map<string, number>()
  return async (
    connection: ConnectionRow,
    client: SalesforceClient,
    onPage: () => void,
    signal: AbortSignal,
  ): Promise<void> => {
    const { db, nowMs, logger, fieldsOf } = context
    const { id } = connection
    if (nowMs() - (readAtMs.get(id) ?? Number.NEGATIVE_INFINITY) < ASSIGNMENTS_EVERY_MS) return
    readAtMs.set(id, nowMs())
    const objects = ASSIGNED_OBJECTS.filter((object) => fieldsOf('salesforce', object).ours.length > 0)
    try {
      await syncAssignments({ db, connection, assignments: client.assignments, objects, onPage, signal })
    } catch (error) {
      if (!(error instanceof CrmRefusedError)) throw error
      logger.info({ connectionId: id, err: error }, 'assignments to territories cannot be read')
    }
  }
}

/** Compares territories at most once an hour and process. An org that refuses to show them is none of our troubles. */
function hourlyTerritories(context: WorkerContext) {
  const readAtMs = new Map<string, number>()
  return async (connectionId: ConnectionId, client: SalesforceClient): Promise<void> => {
    const { db, nowMs, logger } = context
    if (nowMs() - (readAtMs.get(connectionId) ?? Number.NEGATIVE_INFINITY) < TERRITORIES_EVERY_MS) return
    readAtMs.set(connectionId, nowMs())
    const table = new Map(
      (await context.workflows()).flatMap(({ version }) => version.policy.territories.map((t) => [t.territory, t])),
    )
    try {
      await syncTerritories({ db, connectionId, territories: () => client.territories(), table: [...table.values()] })
    } catch (error) {
      if (!(error instanceof CrmRefusedError)) throw error
      logger.info({ connectionId, err: error }, 'territories cannot be read')
    }
  }
}
