import { setTimeout as wait } from 'node:timers/promises'
import { CrmBusyError } from '../../crm/crm-client.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { forgetSeen, standObject } from '../../store/compare/compare-pages.ts'
import { beginComparison, type ComparisonState, readComparison } from '../../store/compare/comparisons.ts'
import { dropSuspects, duePending } from '../../store/compare/differences.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { comparePage, findExtraRecords } from './compare-pages.ts'
import { comparedObjects } from './compared-objects.ts'
import {
  type ComparisonDependencies,
  comparisonOf,
  moveTo,
  placeAt,
  SupersededError,
  sinceDayOf,
  toNextObject,
  waitForRoom,
} from './comparison-run.ts'
import { noteDifferences } from './note-differences.ts'
import { countRefused, recheckRecords, recheckRereads, refusalOf, rereadDifferences } from './recheck-differences.ts'

/** Longer than an event takes from the CRM through apply on an ordinary day. */
const GRACE_S = 20

/** With the grace, nearly two minutes of rechecks before a record that waits for an event counts as out of sync. */
const RECHECKS_MAX = 5

/** Records modified within these days are compared every hour. */
const RECENT_DAYS = 3
const DAY_MS = 86_400_000

/**
 * Compares our records with the CRM's, page by page: memory is one page, each page and the place after it are one
 * commit, so that a kill costs one page. Nothing that is read here becomes an event. The caller holds the claim.
 *
 * A difference is first a suspicion: the page may be older than an event that is under way, or the other way round. It
 * counts after a recheck, later than the grace by our own clock, that finds the CRM's record unchanged since the first
 * read, no event of it waiting with us, and the two still different.
 */
export async function compareRecords(deps: ComparisonDependencies): Promise<'done' | 'stopped'> {
  const { db, connection, signal } = deps
  let state = await begunComparison(deps)
  try {
    while (state?.state === 'running' && !signal.aborted) {
      await recheckRereads(deps)
      const next = await takeStep(deps, state)
      if (next === 'finished') {
        await finish(deps, state)
        return 'done'
      }
      state = await readComparison(db, connection.id)
    }
  } catch (error) {
    if (!(error instanceof SupersededError)) throw error
    const now = await readComparison(db, connection.id)
    // An admin asked for all records while recent ones were compared: go on with that at once.
    if (now?.state === 'asked' && !signal.aborted) return compareRecords(deps)
  }
  return 'stopped'
}

async function begunComparison({ db, connection, nowMs }: ComparisonDependencies): Promise<ComparisonState | null> {
  const state = await readComparison(db, connection.id)
  if (state?.state !== 'asked') return state
  const sinceMs = state.depth === 'full' ? 0 : startOfDay(nowMs()) - (RECENT_DAYS - 1) * DAY_MS
  const objectType = comparedObjects(connection.crm)[0]!
  await inTransaction(db, (trx) => beginComparison(trx, connection.id, { objectType, sinceMs }))
  return readComparison(db, connection.id)
}

function startOfDay(ms: number): number {
  return ms - (ms % DAY_MS)
}

async function takeStep(deps: ComparisonDependencies, state: ComparisonState): Promise<'finished' | 'more'> {
  try {
    if (state.phase === 'read') return await comparePage(deps, state)
    if (state.phase === 'extra') return await findExtraRecords(deps, state)
    return await recheckSuspects(deps, state)
  } catch (error) {
    const code = refusalOf(error)
    if (code === null) throw error
    // The CRM does not let us read this object today, which the connection's permissions show. The others are compared.
    const { connectionId, objectType } = comparisonOf(deps, state)
    return toNextObject(deps, state, async (trx) => {
      await dropSuspects(trx, { connectionId, objectType })
      await countRefused(trx, deps.connection.id, objectType, code)
    })
  }
}

/** Phase `look`: rechecks suspects as each falls due, and after the last one goes on to the next object. */
async function recheckSuspects(deps: ComparisonDependencies, state: ComparisonState): Promise<'finished' | 'more'> {
  const { db, connection, signal } = deps
  const comparison = comparisonOf(deps, state)
  const { objectType } = comparison
  const { due, more } = await duePending(db, comparison, {
    olderThanS: deps.graceS ?? GRACE_S,
    limit: crmProfile(connection.crm).readBatchMax,
  })
  const place = placeAt(objectType, 'look')
  if (due.length > 0) {
    await waitForRoom(deps)
    const inSame = (trx: DatabaseTransaction) => moveTo(deps, state, trx, place)
    await recheckRecords(deps, objectType, due, { rechecksMax: RECHECKS_MAX, inSame })
    return 'more'
  }
  if (more) {
    await wait(500, undefined, { signal }).catch(() => undefined)
    await inTransaction(db, (trx) => moveTo(deps, state, trx, place))
    return 'more'
  }
  const sinceDay = sinceDayOf(state)
  const crmStated = sinceDay === null ? await countInCrm(deps, objectType) : null
  const next = await toNextObject(deps, state, (trx) => standObject(trx, comparison, { sinceDay, crmStated }))
  await forgetSeen(db, comparison)
  // Differences that a scheduled comparison finds are repaired first, and shown only if that does not help.
  if (state.askedBy === 'person') await noteDifferences(db, connection)
  return next
}

/** The CRM's own count is optional: without it the comparison is just as valid. */
async function countInCrm(deps: ComparisonDependencies, objectType: string): Promise<number | null> {
  try {
    return await deps.count(objectType)
  } catch (error) {
    if (refusalOf(error) !== null || error instanceof CrmBusyError) return null
    throw error
  }
}

/** Repairs what a scheduled comparison found. What an admin's comparison found stays, as the number they asked for. */
async function finish(
  { db, connection, onReread }: ComparisonDependencies,
  { askedBy }: ComparisonState,
): Promise<void> {
  if (askedBy === 'clock' && (await rereadDifferences(db, connection.id, {})) > 0) onReread()
  await noteDifferences(db, connection)
}
