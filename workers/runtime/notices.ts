import type { CrmClient } from '../../src/crm/crm-client.ts'
import { type CallWatch, watchCalls } from '../../src/notices/from-calls.ts'
import { clockNotices, downtimeBefore } from '../../src/notices/from-counters.ts'
import { noticePeople, type PeopleRead } from '../../src/notices/from-people.ts'
import { createNoticeBoard, type NoticeBoard, type NoticeConnection } from '../../src/notices/notice-board.ts'
import { SENTENCES } from '../../src/notices/texts.ts'
import { waitingWrites } from '../../src/store/notices/notice-facts.ts'
import type { ConnectedClient, WorkerContext } from './context.ts'

export type WorkerNotices = {
  readonly board: NoticeBoard
  /** The connection as notices name it, and its client with every call watched. */
  of(connected: ConnectedClient): WatchedConnection
  /** With every beat: raises notices from counters and ends those that are over. */
  look(): Promise<void>
  /** After people were read. It never fails: a notice that cannot be written is logged. */
  people(connectionId: string, read: Omit<PeopleRead, 'crmOf'>): Promise<void>
  /** Before the first beat of this process: finds out whether no worker ran before it, for a notice per connection. */
  startedAfter(): Promise<void>
}

export type WatchedConnection = {
  readonly connection: NoticeConnection
  readonly calls: CallWatch
  readonly client: CrmClient
}

/** One per process, which remembers open notices between two calls. */
const boards = new WeakMap<WorkerContext, WorkerNotices>()

export function noticesOf(context: WorkerContext): WorkerNotices {
  let notices = boards.get(context)
  if (notices === undefined) {
    notices = create(context)
    boards.set(context, notices)
  }
  return notices
}

function create(context: WorkerContext): WorkerNotices {
  const { db, nowMs, logger } = context
  const board = createNoticeBoard(db, { nowMs, onError: (error) => logger.debug({ err: error }, 'notice not written') })
  const clock = clockNotices(db, board, nowMs)
  const known = new WeakMap<ConnectedClient, WatchedConnection>()
  const watches = new Map<string, CallWatch>()
  let downtime: { readonly fromMs: number; readonly untilMs: number } | null = null
  const raisedDowntime = new Set<string>()

  function of(connected: ConnectedClient): WatchedConnection {
    const found = known.get(connected)
    if (found !== undefined) return found
    const { id, crm, accountId, timeZone } = connected.connection
    const connection: NoticeConnection = { id, crm, accountId, timeZone }
    // A reconnect brings a new client; open notices stay open until a call works.
    const calls =
      watches.get(id) ?? watchCalls(board, connection, { nowMs, waitingWrites: () => waitingWrites(db, id) })
    watches.set(id, calls)
    const watched = { connection, calls, client: calls.watch(connected.client) }
    known.set(connected, watched)
    return watched
  }

  function raiseDowntime(connected: ConnectedClient, connection: NoticeConnection): void {
    if (downtime === null || raisedDowntime.has(connection.id)) return
    raisedDowntime.add(connection.id)
    // Nothing to catch up on for a connection that is newer, or whose first import was still running.
    const { done, startedAtMs } = connected.connection.baseline
    if (!done || startedAtMs === undefined || startedAtMs > downtime.untilMs) return
    board.raise(connection, { code: 'downtime' }, SENTENCES.downtime({ ...connection, ...downtime }))
  }

  return {
    board,
    of,
    async look() {
      const watched: WatchedConnection[] = []
      for (const id of context.connectionIds()) {
        const connected = context.clientOf(id)
        if (connected === undefined) continue
        const one = of(connected)
        raiseDowntime(connected, one.connection)
        watched.push(one)
      }
      await clock.look(watched)
    },
    async people(connectionId, read) {
      const connected = context.clientOf(connectionId)
      if (connected === undefined) return
      const crmOf = (id: string) => context.clientOf(id)?.connection.crm
      await noticePeople(db, board, of(connected).connection, { ...read, crmOf }).catch((error) =>
        logger.debug({ err: error }, 'notice about people not written'),
      )
    },
    async startedAfter() {
      downtime = await downtimeBefore(db, context.instance)
    },
  }
}
