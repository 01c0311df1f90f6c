import { setInterval as every } from 'node:timers/promises'
import type { ConnectDeps } from '../../src/connections/context.ts'
import { connectionRevisions } from '../../src/store/connections/connections.ts'
import type { ConnectedClient, WorkerContext } from '../runtime/context.ts'
import { type Followed, type Following, followConnection } from './follow-connection.ts'

/** A connection that a person made, changed or ended is followed within two of these. */
const LOOK_EVERY_MS = 1_000

/** How often what could not be opened is tried again: a missing key may be back in its file. */
const TRY_AGAIN_MS = 15_000

/**
 * Keeps a client for every connection of the table: built when one is made, built again when its credentials or address
 * change, dropped when it is ended. A connection that cannot be opened is shown as one that needs a person, and the others
 * continue.
 */
export async function followConnections(
  context: WorkerContext,
  deps: ConnectDeps,
  clients: Map<string, ConnectedClient>,
  { withStreams }: { readonly withStreams: boolean },
): Promise<void> {
  const { logger, signal } = context
  const following: Following = { context, deps, clients, withStreams, followed: new Map(), isReadinessDue: false }
  let failing = false
  const turn = async () => {
    try {
      await recheckConnections(following)
      failing = false
    } catch (error) {
      if (!failing && !signal.aborted) logger.warn({ err: error }, 'connections cannot be looked at')
      failing = true
    }
  }
  await turn()
  for await (const _ of every(LOOK_EVERY_MS, undefined, { signal })) await turn()
}

async function recheckConnections(following: Following): Promise<void> {
  const { context, followed } = following
  const rows = await connectionRevisions(context.db)
  const live = new Map(rows.filter(({ status }) => status !== 'disconnected').map((row) => [row.id as string, row]))
  const gone = [...followed.keys()].filter((id) => !live.has(id))
  for (const id of gone) dropConnection(following, id)
  if (gone.length > 0) following.isReadinessDue = true
  const failures: unknown[] = []
  for (const { id, revision } of live.values()) {
    const known = followed.get(id)
    if (known !== undefined && known.revision === revision && !isTimeToTry(context, known)) continue
    // Tried again at the next turn. The others do not wait for it.
    await followConnection(following, id, known).catch((error) => failures.push(error))
  }
  if (following.isReadinessDue) {
    await context.refreshReadiness()
    following.isReadinessDue = false
    for (const id of context.connectionIds()) context.queues.wake('decide', id)
  }
  if (failures.length > 0) throw failures[0]
}

function isTimeToTry({ nowMs }: WorkerContext, { connected, triedAtMs }: Followed): boolean {
  return connected === null && nowMs() - triedAtMs >= TRY_AGAIN_MS
}

function dropConnection({ context, followed, clients }: Following, id: string): void {
  followed.get(id)?.ending.abort()
  followed.delete(id)
  clients.delete(id)
  context.logger.info({ connectionId: id }, 'disconnected')
}
