import { setInterval as every } from 'node:timers/promises'
import type { ConnectDeps } from '../../src/connections/context.ts'
import { openConnection } from '../../src/connections/open-connection.ts'
import { CrmReconnectError } from '../../src/crm/crm-client.ts'
import { connectionRevisions, findConnection, setConnectionStatus } from '../../src/store/connections/connections.ts'
import type { ConnectedClient, WorkerContext } from '../runtime/context.ts'
import { runStream } from './stream.ts'

/** A connection that a person made, changed or ended is followed within two of these. */
const LOOK_EVERY_MS = 1_000

/** How often what could not be opened is tried again: a missing key may be back in its file. */
const TRY_AGAIN_MS = 15_000

type Followed = {
  readonly revision: number
  /** Null: it could not be opened. */
  readonly connected: ConnectedClient | null
  readonly triedAtMs: number
  readonly ending: AbortController
  /** The stream, which has to be over before the next one of the connection begins. */
  stream: Promise<void>
}

/**
 * Keeps a client for every connection of the table: built when one is made, built again when its credentials or address
 * change, dropped when it is ended. A connection that cannot be opened is said to need a person, and the others go on.
 */
export async function followConnections(
  context: WorkerContext,
  deps: ConnectDeps,
  clients: Map<string, ConnectedClient>,
  { withStreams }: { readonly withStreams: boolean },
): Promise<void> {
  const { db, logger, signal, queues } = context
  const followed = new Map<string, Followed>()
  /** Which workflows are ready depends on who is connected. Asked until it was answered. */
  let isReadinessDue = false
  let failing = false

  const turn = async () => {
    try {
      await look()
      failing = false
    } catch (error) {
      if (!failing && !signal.aborted) logger.warn({ err: error }, 'connections cannot be looked at')
      failing = true
    }
  }
  await turn()
  for await (const _ of every(LOOK_EVERY_MS, undefined, { signal })) await turn()

  async function look(): Promise<void> {
    const rows = await connectionRevisions(db)
    const live = new Map(rows.filter(({ status }) => status !== 'disconnected').map((row) => [row.id as string, row]))
    const gone = [...followed.keys()].filter((id) => !live.has(id))
    for (const id of gone) drop(id)
    if (gone.length > 0) isReadinessDue = true
    const failures: unknown[] = []
    for (const { id, revision } of live.values()) {
      const known = followed.get(id)
      const isTimeToTry = known?.connected === null && context.nowMs() - known.triedAtMs >= TRY_AGAIN_MS
      if (known !== undefined && known.revision === revision && !isTimeToTry) continue
      // Looked at again at the next turn. The others do not wait for it.
      await follow(id, known).catch((error) => failures.push(error))
    }
    if (isReadinessDue) {
      await context.refreshReadiness()
      isReadinessDue = false
      for (const id of context.connectionIds()) queues.wake('decide', id)
    }
    if (failures.length > 0) throw failures[0]
  }

  function drop(id: string): void {
    followed.get(id)?.ending.abort()
    followed.delete(id)
    clients.delete(id)
    logger.info({ connectionId: id }, 'disconnected')
  }

  async function follow(id: string, known: Followed | undefined): Promise<void> {
    const row = await findConnection(db, id)
    // Made by a version that did not note how it is opened: the environment, which made it, will say so again.
    if (!row || row.grantKind === null) return
    const opened = await open(row)
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
    isReadinessDue = true
    logger.info({ connectionId: id, title: row.title, revision: row.revision }, 'connected')
    queues.wake('poll', id)
    queues.wake('apply', id)
    if (connected.stream && withStreams) {
      followedNow.stream = stream
        .then(() => runStream(context, connected, AbortSignal.any([signal, ending.signal])))
        .catch((error) => {
          if (!signal.aborted) logger.error({ err: error, connectionId: id }, 'stream ended')
        })
    }
    // HubSpot's client knows the account's zone, at whose midnight the day's calls begin anew, once it has asked.
    if (row.crm === 'hubspot') connected.client.identify().catch(() => undefined)
  }

  async function open(row: NonNullable<Awaited<ReturnType<typeof findConnection>>>): Promise<ConnectedClient | null> {
    try {
      return openConnection(deps, row)
    } catch (error) {
      // The others go on.
      if (error instanceof CrmReconnectError) {
        await setConnectionStatus(db, row, 'reconnect-needed', error.remedy)
        logger.info({ connectionId: row.id, remedy: error.remedy }, 'connection needs a person')
      } else logger.error({ connectionId: row.id, err: error }, 'connection cannot be opened')
      return null
    }
  }
}
