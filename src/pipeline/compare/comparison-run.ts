import { setTimeout as wait } from 'node:timers/promises'
import type { CrmClient } from '../../crm/crm-client.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import type { Comparison } from '../../store/compare/compare-pages.ts'
import {
  type ComparisonCursor,
  type ComparisonState,
  finishComparison,
  moveComparison,
  sayWhyItWaits,
  whyNoRoom,
} from '../../store/compare/comparisons.ts'
import type { Database, DatabaseTransaction } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { timeFields } from '../read/missed-changes.ts'
import { comparedObjects } from './compared-objects.ts'

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
  /** A difference younger than this may be an event still under way. Default 20 s. */
  readonly graceS?: number
  /** Longest wait for free calls before the comparison makes one anyway. Default 30 s. */
  readonly patienceMs?: number
}

/** Thrown inside a transaction when another process took the comparison over or a new request replaced it. */
export class SupersededError extends Error {
  override readonly name = 'SupersededError'

  constructor(connectionId: string) {
    super(`The comparison of "${connectionId}" was taken over or requested again`)
  }
}

const PATIENCE_MS = 30_000

/** The object under comparison, as the store's statements name it. */
export function comparisonOf({ connection }: ComparisonDependencies, state: ComparisonState): Comparison {
  return {
    connectionId: connection.id,
    objectType: state.objectType!,
    run: state.run,
    ignoredFields: timeFields(connection.crm, state.objectType!),
  }
}

/** The first UTC day that the comparison reads whole; null: all of them. */
export function sinceDayOf({ depth, sinceMs }: ComparisonState): string | null {
  return depth === 'full' ? null : new Date(sinceMs).toISOString().slice(0, 10)
}

/** A place at which no page was read. */
export function placeAt(objectType: string, phase: ComparisonCursor['phase'], cursor: string | null = null) {
  return { objectType, phase, cursor, pages: 0, records: 0, ofTotal: null } satisfies ComparisonCursor
}

/** Moves the comparison on, in the transaction that saves what was found. Throws `SupersededError`. */
export async function moveTo(
  { connection, instance }: ComparisonDependencies,
  { run }: ComparisonState,
  trx: DatabaseTransaction,
  place: ComparisonCursor,
): Promise<void> {
  if (!(await moveComparison(trx, connection.id, { instance, run }, place))) throw new SupersededError(connection.id)
}

/** Finishes this object and moves to the next one, in one commit with `inSame`. */
export async function toNextObject(
  deps: ComparisonDependencies,
  state: ComparisonState,
  inSame: (trx: DatabaseTransaction) => Promise<void>,
): Promise<'finished' | 'more'> {
  const { db, connection, instance } = deps
  const objects = comparedObjects(connection.crm)
  const next = objects[objects.indexOf(state.objectType!) + 1]
  await inTransaction(db, async (trx) => {
    await inSame(trx)
    if (next !== undefined) await moveTo(deps, state, trx, placeAt(next, 'read'))
    // In the same commit: after a kill, a process that went on would overwrite this object's result with nothing.
    else if (!(await finishComparison(trx, connection.id, { instance, run: state.run }))) {
      throw new SupersededError(connection.id)
    }
  })
  return next === undefined ? 'finished' : 'more'
}

/** Waits until the connection has a call to spare, because people wait for the other stages and not for a comparison. */
export async function waitForRoom(deps: ComparisonDependencies): Promise<void> {
  const { db, connection, instance, signal, patienceMs = PATIENCE_MS } = deps
  const until = performance.now() + patienceMs
  while (!signal.aborted && performance.now() < until) {
    const why = await whyNoRoom(db, connection.id)
    if (why === null) return
    await sayWhyItWaits(db, connection.id, instance, why)
    await wait(250, undefined, { signal }).catch(() => undefined)
  }
}
