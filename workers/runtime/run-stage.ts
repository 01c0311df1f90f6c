import { CrmBusyError, CrmReconnectError, CrmScopeMissingError } from '../../src/crm/crm-client.ts'
import { setConnectionStatus } from '../../src/store/connections/connections.ts'
import { ConnectionEndedError } from '../../src/store/connections/lifecycle-lock.ts'
import { count } from '../../src/store/database/counters.ts'
import type { ConnectedClient, WorkerContext } from './context.ts'
import { noticesOf } from './notices.ts'

/**
 * Runs one stage for one connection and decides what its failure means: nothing (the CRM is busy, the sweeper tries
 * again), a reconnect by the admin, or a line in the log. The work's signal is aborted with `signal`, and when the
 * connection is ended or its client replaced. Work stays in its rows, so nothing has to be put back.
 * Failed calls also raise notices, see src/notices/from-calls.ts.
 */
export async function runStage(
  context: WorkerContext,
  stage: string,
  connectionId: string,
  signal: AbortSignal,
  work: (connected: ConnectedClient, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const connected = context.clientOf(connectionId)
  if (!connected) return
  try {
    const { over } = connected
    const until = over ? AbortSignal.any([signal, over]) : signal
    await work({ ...connected, client: noticesOf(context).of(connected).client }, until)
  } catch (error) {
    if (error instanceof CrmBusyError) {
      await count(context.db, 'crm-busy', 1, { connectionId, detail: stage })
      context.logger.info({ stage, connectionId, retryAt: new Date(error.retryAtMs).toISOString() }, 'CRM is busy')
    } else if (error instanceof CrmScopeMissingError) {
      // The grant stands: what needs the scope waits, and everything else goes on.
      await count(context.db, 'scope-missing', 1, { connectionId, detail: stage })
      context.logger.info({ stage, connectionId, remedy: error.remedy }, 'a permission is missing')
    } else if (error instanceof CrmReconnectError) {
      // Only for the grant of this client: an admin may have reconnected since.
      await setConnectionStatus(context.db, connected.connection, 'reconnect-needed', error.remedy)
      context.logger.info({ stage, connectionId, remedy: error.remedy }, 'connection needs a reconnect')
    } else if (error instanceof ConnectionEndedError) {
      context.logger.info({ stage, connectionId }, 'stopped, because the connection was ended')
    } else {
      await count(context.db, 'stage-failed', 1, { connectionId, detail: stage }).catch(() => undefined)
      context.logger.warn({ stage, connectionId, err: error }, 'stage failed, it will be tried again')
    }
  }
}
