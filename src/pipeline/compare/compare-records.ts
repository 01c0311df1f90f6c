import { setTimeout as wait } from 'node:timers/promises'
import { CrmBusyError, type CrmClient } from '../../crm/crm-client.ts'
import type { ChangeEvent, ConnectionId, Crm } from '../../model/record/change-event.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { objectShape, watchedObjects } from '../../model/record/object-shape.ts'
import {
  beginSeen,
  type Comparison,
  compareShown,
  isSeenKept,
  type ShownRecord,
  standObject,
  suspectGone,
  suspectKnown,
  suspectUnseen,
} from '../../store/compare/compare-pages.ts'
import {
  beginComparison,
  type ComparisonCursor,
  type ComparisonState,
  finishComparison,
  moveComparison,
  readComparison,
  sayWhyItWaits,
  whyNoRoom,
} from '../../store/compare/comparisons.ts'
import { dropSuspects, duePending } from '../../store/compare/differences.ts'
import type { Database, DatabaseTransaction } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { timeFields } from '../read/missed-changes.ts'
import {
  countRefused,
  lookAt,
  noteDifferences,
  recheckRereads,
  refusalOf,
  rereadDifferences,
} from './recheck-differences.ts'

export type ComparisonDependencies = {
  readonly db: Database
  readonly client: CrmClient
  readonly connection: { readonly id: ConnectionId; readonly crm: Crm; readonly title: string }
  readonly fieldsOf: (crm: Crm, objectType: string) => { fields: readonly string[]; historyFields: readonly string[] }
  /** How many live records the CRM itself counts; null: it does not say. */
  readonly count: (objectType: string) => Promise<number | null>
  /** Names this process in the claim. */
  readonly instance: string
  readonly nowMs: () => number
  /** Records were marked to be read: apply has their events to fold. */
  readonly onReread: () => void
  readonly signal: AbortSignal
  /** How long a difference may be younger than, to be an event still under way. Default 20 s. */
  readonly graceS?: number
  /** Longest wait for room among the calls that people wait for, before one is made anyway. Default 30 s. */
  readonly patienceMs?: number
}

/** Longer than an event takes from the CRM through apply on an ordinary day. */
const GRACE_S = 20

/** With the grace, nearly two minutes of looking before a record that something waits for counts as out of step. */
const LOOKS_MAX = 5

const PATIENCE_MS = 30_000

/** Records modified within these days are compared every hour. */
const RECENT_DAYS = 3
const DAY_MS = 86_400_000

/** Other people's tasks are none of our business, and ours are read back when they are written. */
export function comparedObjects(crm: Crm): readonly string[] {
  return watchedObjects(crm).filter((objectType) => objectShape(crm, objectType)?.about !== 'task')
}

/** Thrown inside a transaction whose comparison somebody else goes on with, or that a new request replaced. */
class SupersededError extends Error {
  override readonly name = 'SupersededError'
}

function superseded(connectionId: string): SupersededError {
  return new SupersededError(`The comparison of "${connectionId}" is no longer this one`)
}

/**
 * Compares our records with the CRM's, page by page: memory is one page, each page and the place after it are one
 * commit, so that a kill costs one page. Nothing that is read here becomes an event. The caller holds the claim.
 *
 * A difference is first a suspicion: the page may be older than an event that is under way, or the other way round. It
 * counts after a second look, later than the grace by our own clock, that finds the CRM's record unchanged since the
 * first, nothing of it waiting with us, and the two still different.
 */
export async function compareRecords(deps: ComparisonDependencies): Promise<'done' | 'stopped'> {
  const { db, connection, signal } = deps
  let check = await readComparison(db, connection.id)
  if (check?.state === 'asked') {
    const sinceMs = check.depth === 'full' ? 0 : startOfDay(deps.nowMs()) - (RECENT_DAYS - 1) * DAY_MS
    const objectType = comparedObjects(connection.crm)[0]!
    await inTransaction(db, (trx) => beginComparison(trx, connection.id, { objectType, sinceMs }))
    check = await readComparison(db, connection.id)
  }
  try {
    while (check?.state === 'running' && !signal.aborted) {
      await recheckRereads(deps)
      const next = await remedy(deps, check)
      if (next === 'finished') {
        await mendAndSay(check)
        return 'done'
      }
      check = await readComparison(db, connection.id)
    }
  } catch (error) {
    if (!(error instanceof SupersededError)) throw error
    const now = await readComparison(db, connection.id)
    // A person asked for all records while recent ones were compared: go on with that, at once.
    if (now?.state === 'asked' && !signal.aborted) return compareRecords(deps)
  }
  return 'stopped'

  async function mendAndSay({ askedBy }: ComparisonState): Promise<void> {
    // What the clock found is mended; what a person asked for stays as the number that they came to see.
    if (askedBy === 'clock' && (await rereadDifferences(db, connection.id, {})) > 0) deps.onReread()
    await noteDifferences(db, connection)
  }
}

async function remedy(deps: ComparisonDependencies, check: ComparisonState): Promise<'finished' | 'more'> {
  try {
    if (check.phase === 'read') return await readPage(deps, check)
    if (check.phase === 'extra') return await findExtraRecords(deps, check)
    return await recheckSuspects(deps, check)
  } catch (error) {
    const code = refusalOf(error)
    if (code === null) throw error
    // Not ours to read, today: the connection's list of permissions says so. The other objects are compared.
    const { connectionId, objectType } = comparisonOf(deps, check)
    return toNextObject(deps, check, async (trx) => {
      await dropSuspects(trx, { connectionId, objectType })
      await countRefused(trx, deps.connection.id, objectType, code)
    })
  }
}

function comparisonOf({ connection }: ComparisonDependencies, { objectType, run }: ComparisonState): Comparison {
  return {
    connectionId: connection.id,
    objectType: objectType!,
    run,
    ignoredFields: timeFields(connection.crm, objectType!),
  }
}

async function readPage(deps: ComparisonDependencies, check: ComparisonState): Promise<'more'> {
  const { db, client, connection } = deps
  const comparison = comparisonOf(deps, check)
  const { objectType } = comparison
  await room(deps)
  const page = await client.changedSince({
    objectType,
    sinceMs: check.sinceMs,
    cursor: check.cursor,
    fields: deps.fieldsOf(connection.crm, objectType).fields,
    // What matters is what the values are, and pages without history are twice as long.
    historyFields: [],
    source: check.sinceMs === 0 ? 'baseline' : 'poll',
  })
  const { shown, gone } = sorted(page.events)
  await inTransaction(db, async (trx) => {
    if (check.cursor === null) await beginSeen(trx, comparison)
    else if (!(await isSeenKept(trx, comparison))) return beginAgain(deps, check, trx)
    const { equal, suspect } = await compareShown(trx, comparison, shown)
    await suspectGone(trx, comparison, gone)
    const done = page.cursor === null
    const sinceDay = sinceDayOf(check)
    if (done && sinceDay !== null) await suspectKnown(trx, comparison, sinceDay)
    await move(deps, check, trx, {
      objectType,
      phase: !done ? 'read' : check.depth === 'full' ? 'extra' : 'look',
      cursor: page.cursor,
      pages: 1,
      records: equal + suspect,
      ofTotal: page.total,
    })
  })
  return 'more'
}

/** Live records, and those that the CRM lists as deleted or as merged into another. */
function sorted(events: readonly ChangeEvent[]): {
  shown: ShownRecord[]
  gone: { recordId: string; atMs: number }[]
} {
  const shown: ShownRecord[] = []
  const gone: { recordId: string; atMs: number }[] = []
  for (const event of events) {
    const { recordId, occurredAtMs: atMs } = event
    if (event.kind === 'deleted') gone.push({ recordId, atMs })
    else if (event.complete) shown.push({ recordId, modifiedMs: atMs, fields: event.fields })
    if (event.kind === 'merged') for (const id of event.mergedIds ?? []) gone.push({ recordId: id, atMs })
  }
  return { shown, gone }
}

async function findExtraRecords(deps: ComparisonDependencies, check: ComparisonState): Promise<'more'> {
  const comparison = comparisonOf(deps, check)
  const { objectType } = comparison
  await inTransaction(deps.db, async (trx) => {
    if (!(await isSeenKept(trx, comparison))) return beginAgain(deps, check, trx)
    const cursor = await suspectUnseen(trx, comparison, check.cursor)
    const phase = cursor === null ? 'look' : 'extra'
    await move(deps, check, trx, { objectType, phase, cursor, pages: 0, records: 0, ofTotal: null })
  })
  return 'more'
}

/** Of what the database lost, all that we hold would look as if the CRM had it no more, and what it shows would count twice. */
async function beginAgain(
  deps: ComparisonDependencies,
  check: ComparisonState,
  trx: DatabaseTransaction,
): Promise<void> {
  const { id, crm } = deps.connection
  const objectType = comparedObjects(crm)[0]!
  await move(deps, check, trx, { objectType, phase: 'read', cursor: null, pages: 0, records: 0, ofTotal: null })
  await beginComparison(trx, id, { objectType, sinceMs: check.sinceMs })
}

async function recheckSuspects(deps: ComparisonDependencies, check: ComparisonState): Promise<'finished' | 'more'> {
  const { db, connection, signal } = deps
  const comparison = comparisonOf(deps, check)
  const { objectType } = comparison
  const { due, more } = await duePending(db, comparison, {
    olderThanS: deps.graceS ?? GRACE_S,
    limit: crmProfile(connection.crm).readBatchMax,
  })
  const place: ComparisonCursor = { objectType, phase: 'look', cursor: null, pages: 0, records: 0, ofTotal: null }
  if (due.length > 0) {
    await room(deps)
    await lookAt(deps, objectType, due, { rechecksMax: LOOKS_MAX, inSame: (trx) => move(deps, check, trx, place) })
    return 'more'
  }
  if (more) {
    await wait(500, undefined, { signal }).catch(() => undefined)
    await inTransaction(db, (trx) => move(deps, check, trx, place))
    return 'more'
  }
  const sinceDay = sinceDayOf(check)
  const crmStated = sinceDay === null ? await counted(deps, objectType) : null
  const next = await toNextObject(deps, check, (trx) => standObject(trx, comparison, { sinceDay, crmStated }))
  // What the clock finds is mended first, and said only if that does not help.
  if (check.askedBy === 'person') await noteDifferences(db, connection)
  return next
}

/** The first UTC day that the comparison reads whole; null: all of them. */
function sinceDayOf({ depth, sinceMs }: ComparisonState): string | null {
  return depth === 'full' ? null : new Date(sinceMs).toISOString().slice(0, 10)
}

async function toNextObject(
  deps: ComparisonDependencies,
  check: ComparisonState,
  inSame: (trx: DatabaseTransaction) => Promise<void>,
): Promise<'finished' | 'more'> {
  const { db, connection, instance } = deps
  const objects = comparedObjects(connection.crm)
  const next = objects[objects.indexOf(check.objectType!) + 1]
  await inTransaction(db, async (trx) => {
    await inSame(trx)
    if (next !== undefined) {
      const place: ComparisonCursor = {
        objectType: next,
        phase: 'read',
        cursor: null,
        pages: 0,
        records: 0,
        ofTotal: null,
      }
      await move(deps, check, trx, place)
    } else if (!(await finishComparison(trx, connection.id, { instance, run: check.run }))) {
      // In the same commit, or whoever goes on after a kill would put nothing in place of this object's result.
      throw superseded(connection.id)
    }
  })
  return next === undefined ? 'finished' : 'more'
}

/** The CRM's own count is a courtesy: without it the comparison stands all the same. */
async function counted(deps: ComparisonDependencies, objectType: string): Promise<number | null> {
  try {
    return await deps.count(objectType)
  } catch (error) {
    if (refusalOf(error) !== null || error instanceof CrmBusyError) return null
    throw error
  }
}

async function move(
  { connection, instance }: ComparisonDependencies,
  { run }: ComparisonState,
  trx: DatabaseTransaction,
  place: ComparisonCursor,
): Promise<void> {
  if (!(await moveComparison(trx, connection.id, { instance, run }, place))) {
    throw superseded(connection.id)
  }
}

/** Waits until the connection has a call to spare: nobody waits for a comparison, and people wait for the others. */
async function room(deps: ComparisonDependencies): Promise<void> {
  const { db, connection, instance, signal, patienceMs = PATIENCE_MS } = deps
  const until = Date.now() + patienceMs
  while (!signal.aborted && Date.now() < until) {
    const why = await whyNoRoom(db, connection.id)
    if (why === null) return
    await sayWhyItWaits(db, connection.id, instance, why)
    await wait(250, undefined, { signal }).catch(() => undefined)
  }
}

function startOfDay(ms: number): number {
  return ms - (ms % DAY_MS)
}
