import { setInterval as every } from 'node:timers/promises'
import type { ConnectDeps } from '../../src/connections/context.ts'
import { finishDisconnect } from '../../src/connections/lifecycle/finish-disconnect.ts'
import { type ConnectionLeft, connectionsLeft } from '../../src/store/lifecycle/finish-disconnect.ts'
import type { WorkerContext } from '../runtime/context.ts'

/** Until one that was connected again has settled nothing of it is decided, so it is looked for often; a probe of a small table. */
const LOOK_EVERY_MS = 2_000

/** Each holds a connection of the pool, of which the stages need most. */
const AT_ONCE = 3

/** How often what comes late of an erasure is erased, and what failed or what another process is at is tried again. */
const AGAIN_MS = 10_000

/**
 * Goes on with what the end of a connection, or its new beginning, left to be done, each connection by itself: an erasure
 * takes minutes, and nobody else waits for it. Of several processes one does it.
 */
export async function finishDisconnects(context: WorkerContext, deps: ConnectDeps): Promise<void> {
  const { db, logger, signal, queues } = context
  const running = new Map<string, Promise<void>>()
  const notBeforeMs = new Map<string, number>()
  try {
    for await (const _ of every(LOOK_EVERY_MS, undefined, { signal })) {
      const left = await connectionsLeft(db).catch((error) => {
        logger.debug({ err: error }, 'what is left of ended connections cannot be asked for')
        return []
      })
      for (const one of left) {
        const id = one.connectionId
        if (running.size >= AT_ONCE) break
        if (running.has(id) || context.nowMs() < (notBeforeMs.get(id) ?? 0)) continue
        running.set(
          id,
          settle(one).finally(() => running.delete(id)),
        )
      }
    }
  } finally {
    await Promise.all(running.values())
  }

  async function settle({ connectionId, late }: ConnectionLeft): Promise<void> {
    try {
      const settled = await finishDisconnect(deps, connectionId)
      if (late || settled === null) return notYet(connectionId)
      logger.info({ connectionId, erased: settled.erased }, 'settled after the end or a new beginning')
      // Its own records waited for it, and it concerns the neighbours of its records.
      for (const id of context.connectionIds()) queues.wake('decide', id)
    } catch (error) {
      if (!signal.aborted) logger.warn({ err: error, connectionId }, 'not settled yet, it will be tried again')
      notYet(connectionId)
    }
  }

  function notYet(connectionId: string): void {
    notBeforeMs.set(connectionId, context.nowMs() + AGAIN_MS)
  }
}
