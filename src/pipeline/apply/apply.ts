import { sql } from 'kysely'
import type { ChangeEvent, ConnectionId, Crm } from '../../model/record/change-event.ts'
import { storableEvent } from '../../model/record/storable-event.ts'
import { isStillConnected } from '../../store/connections/lifecycle-lock.ts'
import { databaseCode } from '../../store/database/connection-errors.ts'
import { count } from '../../store/database/counters.ts'
import type { Database, DatabaseTransaction } from '../../store/database/database.ts'
import { failureText } from '../../store/database/failure-text.ts'
import { stageLock, tryStageLock } from '../../store/database/locks.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { insertEvents, recordOutcomes, type StoredEvent, takeWaitingEvents } from '../../store/events/change-events.ts'
import { moveTallies, takeRetries } from '../../store/events/failed-events.ts'
import { isJoined } from '../../store/lifecycle/join-connections.ts'
import { type Applied, foldIntoRecords, type MarkNeighbours, NOTHING } from './fold-into-records.ts'

/** Events per transaction: large enough that statements are shared, small enough for a short lock and flat memory. */
const APPLY_BATCH = 1_000
const RETRY_BATCH = 100

type Connection = { readonly id: ConnectionId; readonly crm: Crm }

/** Folds one batch of waiting events of one connection into its records. One transaction; running it twice is harmless. */
export async function applyBatch(db: Database, connection: Connection): Promise<Applied> {
  return isolating(db, APPLY_BATCH, (trx, limit, onTaken) =>
    fold(trx, connection, async () => {
      const waiting = await takeWaitingEvents(trx, connection.id, limit)
      onTaken(waiting)
      return waiting
    }),
  )
}

/** Tries events again that could not be folded and whose time has come. */
export async function retryFailed(db: Database, connection: Connection): Promise<Applied> {
  return isolating(db, RETRY_BATCH, async (trx, limit, onTaken) => {
    let ids: readonly number[] = []
    const applied = await fold(trx, connection, async () => {
      const failed = await takeRetries(trx, connection.id, limit)
      onTaken(failed)
      ids = failed.map(({ id }) => id)
      return failed
    })
    if (ids.length > 0) await moveTallies(trx, connection.id, ids)
    return applied
  })
}

async function fold(
  trx: DatabaseTransaction,
  connection: Connection,
  take: () => Promise<readonly StoredEvent[]>,
): Promise<Applied> {
  if (!(await isStillConnected(trx, connection.id))) return NOTHING
  // One process per connection at a time: two would fold the same record from the same starting point.
  if (!(await tryStageLock(trx, `apply/${connection.id}`))) return { ...NOTHING, isHeldUp: true }
  const events = await take()
  if (events.length === 0) return NOTHING
  const { outcomes, applied } = await foldIntoRecords(trx, connection, events, await neighboursOf(trx, connection))
  await recordOutcomes(trx, outcomes)
  return applied
}

type Work = (
  trx: DatabaseTransaction,
  limit: number,
  onTaken: (events: readonly StoredEvent[]) => void,
) => Promise<Applied>

/**
 * An event whose record cannot be saved must not hold up the others: the batch shrinks until that event is alone, and then
 * it is set aside. If the database itself fails, setting aside fails too.
 */
async function isolating(db: Database, limitMax: number, work: Work): Promise<Applied> {
  for (let limit = limitMax; ; ) {
    let taken: readonly StoredEvent[] = []
    try {
      const applied = await inTransaction(db, (trx) =>
        work(trx, limit, (events) => {
          taken = events
        }),
      )
      return { ...applied, isMore: applied.taken === limit }
    } catch (error) {
      const [first] = taken
      if (first === undefined || !isOfTheData(error)) throw error
      limit = Math.max(1, taken.length >> 2)
      if (taken.length > 1) continue
      await inTransaction(db, async (trx) => {
        await recordOutcomes(trx, [{ id: first.id, state: 'failed', reason: failureText(error) }])
        const { connectionId, objectType } = first.event
        await count(trx, 'record-failed', 1, { connectionId, detail: `apply ${objectType}: ${failureText(error)}` })
      })
      return { ...NOTHING, taken: 1, isMore: true }
    }
  }
}

/** What Postgres refuses because of a value (classes 22, 23, 54, P0), and what is no error of the database at all. */
function isOfTheData(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return databaseCode(error) === null && (!/^[0-9A-Z]{5}$/.test(code) || /^(22|23|54|P0)/.test(code))
}

/**
 * Stores events and folds them at once, in the caller's transaction. For events that we read ourselves, as the first
 * import does: no sender waits for an answer in between. An event that is already stored is folded again, which changes
 * nothing, and keeps its outcome.
 */
export async function storeAndApply(
  trx: DatabaseTransaction,
  connection: Connection,
  events: readonly ChangeEvent[],
): Promise<Applied> {
  if (events.length === 0) return NOTHING
  await stageLock(trx, `apply/${connection.id}`)
  const neighbours = await neighboursOf(trx, connection)
  // By their place, so that the stored rows get their outcomes; what has no time is counted as it is stored.
  const numbered = events.flatMap((given, id) => {
    const event = storableEvent(given)
    return event === null ? [] : [{ id, event }]
  })
  await sql`savepoint page`.execute(trx)
  try {
    const { outcomes, applied } = await foldIntoRecords(trx, connection, numbered, neighbours)
    await insertEvents(trx, events, outcomes)
    return applied
  } catch (error) {
    if (!isOfTheData(error)) throw error
    // One record that cannot be saved must not stop the import: the page waits, and apply takes it apart.
    await sql`rollback to savepoint page`.execute(trx)
    await insertEvents(trx, events)
    return { ...NOTHING, taken: numbered.length, isMore: true }
  }
}

/** Under the lock of apply: joining the others takes it too, and marks then whatever matches. */
async function neighboursOf(trx: DatabaseTransaction, { id }: Connection): Promise<MarkNeighbours> {
  return (await isJoined(trx, id)) ? 'mark' : 'leave'
}
