import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import type { StreamBatch, StreamState } from '../../src/crm/crm-stream.ts'
import { baselineObjects } from '../../src/model/record/object-shape.ts'
import { streamNotices } from '../../src/notices/from-stream.ts'
import { receiveEvents } from '../../src/pipeline/receive/receive.ts'
import { type ConnectionRow, listConnections } from '../../src/store/connections/connections.ts'
import { isStillConnected } from '../../src/store/connections/lifecycle-lock.ts'
import { saveReplayId, saveStreamState } from '../../src/store/connections/stream-position.ts'
import { count } from '../../src/store/database/counters.ts'
import { inTransaction } from '../../src/store/database/transaction.ts'
import { resyncObjects } from '../../src/store/records/watermarks.ts'
import type { ConnectedClient, WorkerContext } from '../runtime/context.ts'
import { noticesOf } from '../runtime/notices.ts'

/** How often a process that is not the subscriber asks whether it may become it: takeover well within 30 s. */
const TAKEOVER_EVERY_MS = 5_000

/**
 * One subscriber per connection across all processes: whoever holds the advisory lock on a connection of its own. When that
 * process dies, Postgres drops the lock with the connection, and another takes over. Ends with `signal`: the process stops,
 * or the connection was ended or given other credentials.
 */
export async function runStream(
  context: WorkerContext,
  connected: ConnectedClient,
  signal: AbortSignal,
): Promise<void> {
  const { logger } = context
  const { connection } = connected
  while (!signal.aborted) {
    const client = new pg.Client({
      connectionString: context.databaseUrl,
      application_name: 'lanekeeper-stream',
      keepAlive: true,
    })
    const lost = new AbortController()
    client.on('error', () => lost.abort())
    client.on('end', () => lost.abort())
    try {
      await client.connect()
      const { rows } = await client.query<{ got: boolean }>(
        'select pg_try_advisory_lock(hashtextextended($1, 0)) as got',
        [`stream/${connection.id}`],
      )
      if (rows[0]?.got) {
        // The lock is gone when its connection is: then somebody else may already be subscribing.
        await subscribeUntil(context, connected, AbortSignal.any([signal, lost.signal]))
      }
    } catch (error) {
      logger.debug({ err: error, connectionId: connection.id }, 'stream lock')
    } finally {
      await client.end().catch(() => undefined)
    }
    await wait(TAKEOVER_EVERY_MS, undefined, { signal }).catch(() => undefined)
  }
}

async function subscribeUntil(context: WorkerContext, connected: ConnectedClient, signal: AbortSignal): Promise<void> {
  const { connection, stream } = connected
  if (!stream) return
  const notices = noticesOf(context)
  const told = streamNotices(notices.board, notices.of(connected).connection, context.nowMs)
  const replayId = (await listConnections(context.db)).find((c) => c.id === connection.id)?.replayId ?? null
  await stream.subscribe({
    replayId,
    watchedFields: (objectType) => context.fieldsOf(connection.crm, objectType).fields,
    signal,
    async onBatch(batch) {
      await storeBatch(context, connection, batch)
      told.batch(batch)
      await countAndWake(context, connection, batch)
    },
    async onState(state) {
      told.state(state)
      await noteState(context, connection, state)
    },
  })
}

/** Events and the place to continue from, in one transaction: the place is never ahead of what is stored. */
async function storeBatch({ db }: WorkerContext, { id }: ConnectionRow, batch: StreamBatch): Promise<void> {
  await inTransaction(db, async (trx) => {
    if (!(await isStillConnected(trx, id))) return
    await receiveEvents(trx, batch.events)
    if (batch.overflowObjects.length > 0) await resyncObjects(trx, id, batch.overflowObjects)
    await saveReplayId(trx, id, batch.latestReplayId)
  })
}

async function countAndWake({ db, queues }: WorkerContext, { id }: ConnectionRow, batch: StreamBatch): Promise<void> {
  for (const { reason, n } of batch.skipped) await count(db, 'stream-skipped', n, { connectionId: id, detail: reason })
  if (batch.events.length > 0) queues.wake('apply', id)
  if (batch.overflowObjects.length > 0) queues.wake('poll', id)
}

async function noteState(context: WorkerContext, { id, crm }: ConnectionRow, state: StreamState): Promise<void> {
  const { db, queues, logger } = context
  await saveStreamState(db, id, state.state)
  if (state.state !== 'replay-lost') return
  // Changes may be missing: every object is read again from the start. Never silently on from "latest".
  await resyncObjects(db, id, baselineObjects(crm))
  queues.wake('poll', id)
  logger.warn({ connectionId: id, why: state.why }, 'stream lost its place, reading everything again')
}
