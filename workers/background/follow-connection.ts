import type { ConnectDeps } from '../../src/connections/context.ts'
import { openConnection } from '../../src/connections/open-connection.ts'
import { CrmReconnectError } from '../../src/crm/crm-client.ts'
import { crmProfile, UnknownCrmError } from '../../src/model/record/crm-profile.ts'
import { type ConnectionRow, findConnection, setConnectionStatus } from '../../src/store/connections/connections.ts'
import type { ConnectedClient, WorkerContext } from '../runtime/context.ts'
import { runStream } from './stream.ts'

export type Following = {
  readonly context: WorkerContext
  readonly deps: ConnectDeps
  /** Those that the stages work with. */
  readonly clients: Map<string, ConnectedClient>
  readonly withStreams: boolean
  readonly followed: Map<string, Followed>
  /** Which workflows are ready depends on who is connected. Asked until it was answered. */
  isReadinessDue: boolean
}

export type Followed = {
  readonly revision: number
  /** Null: it could not be opened. */
  readonly connected: ConnectedClient | null
  readonly triedAtMs: number
  readonly ending: AbortController
  /** The stream, which has to be over before the next one of the connection begins. */
  stream: Promise<void>
}

/** Builds the client of a connection, in place of the one that was built from an earlier revision. */
export async function followConnection(following: Following, id: string, known: Followed | undefined): Promise<void> {
  const { context, clients, followed, withStreams } = following
  const { db, logger, queues } = context
  const row = await findConnection(db, id)
  // Made by a version that did not note how it is opened: the environment, which made it, will say so again.
  if (!row || row.grantKind === null) return
  const opened = await open(following, row)
  known?.ending.abort()
  // From here on nothing waits for the database: whoever is followed is so with everything that belongs to it.
  const ending = new AbortController()
  const connected = opened && { ...opened, over: ending.signal }
  const stream = known?.stream ?? Promise.resolve()
  const followedNow: Followed = { revision: row.revision, connected, triedAtMs: context.nowMs(), ending, stream }
  followed.set(id, followedNow)
  if (connected === null) {
    clients.delete(id)
    return
  }
  clients.set(id, connected)
  following.isReadinessDue = true
  logger.info({ connectionId: id, title: row.title, revision: row.revision }, 'connected')
  queues.wake('poll', id)
  queues.wake('apply', id)
  if (connected.stream && withStreams) {
    followedNow.stream = streamAfter(context, connected, { earlier: stream, ending: ending.signal })
  }
  // Such a client knows at whose midnight the day's calls begin once it has asked for the account's zone.
  if (crmProfile(row.crm).callLimits.dayResets === 'midnight of the account') {
    connected.client.identify().catch(() => undefined)
  }
}

function streamAfter(
  context: WorkerContext,
  connected: ConnectedClient,
  { earlier, ending }: { readonly earlier: Promise<void>; readonly ending: AbortSignal },
): Promise<void> {
  const { signal, logger } = context
  return earlier
    .then(() => runStream(context, connected, AbortSignal.any([signal, ending])))
    .catch((error) => {
      if (!signal.aborted) logger.error({ err: error, connectionId: connected.connection.id }, 'stream ended')
    })
}

/** Null: it cannot be opened, which is noted. */
async function open({ context, deps }: Following, row: ConnectionRow): Promise<ConnectedClient | null> {
  const { db, logger } = context
  try {
    return openConnection(deps, row)
  } catch (error) {
    if (error instanceof CrmReconnectError) {
      await setConnectionStatus(db, row, 'reconnect-needed', error.remedy)
      logger.info({ connectionId: row.id, remedy: error.remedy }, 'connection needs a person')
    } else if (error instanceof UnknownCrmError) {
      const remedy = `This version of Lanekeeper has no adapter for "${row.crm}". Start the version that has one, or disconnect.`
      await setConnectionStatus(db, row, 'reconnect-needed', remedy)
      logger.info({ connectionId: row.id, remedy }, 'connection needs a person')
    } else logger.error({ connectionId: row.id, err: error }, 'connection cannot be opened')
    return null
  }
}
