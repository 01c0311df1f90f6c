import { CrmBusyError, CrmReconnectError } from '../../crm/crm-client.ts'
import type { ChangeEvent } from '../../model/record/change-event.ts'
import { baselineObjects } from '../../model/record/object-shape.ts'
import {
  advanceBaseline,
  type Baseline,
  type BaselineObject,
  beginBaseline,
  type StartedBaseline,
} from '../../store/connections/baseline.ts'
import { noteHomeCurrency } from '../../store/connections/home-currency.ts'
import { assertConnected } from '../../store/connections/lifecycle-lock.ts'
import { analyzeRecords } from '../../store/database/planner-statistics.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { saveSchema } from '../../store/records/object-schemas.ts'
import { FROM_THE_START, saveWatermark } from '../../store/records/watermarks.ts'
import { storeAndApply } from '../apply/apply.ts'
import { withSample } from './baseline-progress.ts'
import type { PollDependencies } from './poll-changes.ts'
import { isOfOneObject, noteRefusedObject } from './unreadable-object.ts'

export type ImportDependencies = PollDependencies & {
  /** How many live records the CRM itself counts; null: it does not say. */
  readonly count?: (objectType: string) => Promise<number | null>
}

/** Records per transaction: a CRM's pages may have 50 or 100, and a commit for each would be most of the work. */
const SAVE_AT = 1_000

/** Records are saved at the latest after this, so that a slow CRM still shows progress and a kill costs little. */
const SAVE_AFTER_MS = 2_000

/** Postgres analyzes the growing table here and at every doubling, so that its planner knows the size. */
const ANALYZE_AT = 2_000

/**
 * First import of every watched object. Records and the place of the next page are saved in one commit and folded at once,
 * while the next pages are read. A kill costs what was read since the last commit, at most two thousand records and a page,
 * which are read again. The first poll finds what changed meanwhile, because it starts where the import began. Throws
 * `ConnectionEndedError` when the connection was ended meanwhile, even if it was connected again since.
 */
export async function importBaseline(deps: ImportDependencies): Promise<Baseline> {
  const { db, connection, nowMs } = deps
  const startedAtMs = connection.baseline.startedAtMs ?? (await beginBaseline(db, connection.id, nowMs()))
  let baseline: StartedBaseline = { ...connection.baseline, startedAtMs }
  let analyzeAt = Math.max(ANALYZE_AT, 2 * readSoFar(baseline))
  const save = async (objectType: string, events: readonly ChangeEvent[], state: BaselineObject) => {
    baseline = withSample({ ...baseline, objects: { ...baseline.objects, [objectType]: state } }, nowMs())
    await inTransaction(db, async (trx) => {
      await assertConnected(trx, connection.id)
      await storeAndApply(trx, connection, events)
      await advanceBaseline(trx, connection.id, baseline)
      if (!state.done) return
      // A field that was added while the import was stopped is missing from the first pages.
      const { fields } = deps.fieldsOf(connection.crm, objectType)
      const isLate = state.fields !== undefined && fields.some((field) => !state.fields!.includes(field))
      // The first poll with access reads a refused object from the start.
      const untilMs = isLate || state.isRefused ? FROM_THE_START : startedAtMs
      await saveWatermark(trx, connection.id, objectType, untilMs, state.count)
    })
    if (readSoFar(baseline) >= analyzeAt) {
      analyzeAt = 2 * readSoFar(baseline)
      await analyzeRecords(db)
    }
    deps.onPage()
  }
  for (const objectType of baselineObjects(connection.crm)) {
    if (deps.signal.aborted) break
    if (baseline.objects[objectType]?.done) continue
    try {
      await importObject(deps, objectType, baseline.objects[objectType], save)
    } catch (error) {
      if (!isOfOneObject(error)) throw error
      const count = baseline.objects[objectType]?.count ?? 0
      await noteRefusedObject(deps, objectType, error)
      await save(objectType, [], { done: true, cursor: null, count, total: count, isRefused: true })
    }
  }
  if (baselineObjects(connection.crm).every((objectType) => baseline.objects[objectType]?.done)) {
    await analyzeRecords(db)
    baseline = { ...baseline, done: true }
    await advanceBaseline(db, connection.id, baseline)
  }
  return baseline
}

/** Reads one object to its end or until it is stopped, and saves what was read, also when the CRM fails. */
async function importObject(
  deps: ImportDependencies,
  objectType: string,
  known: BaselineObject | undefined,
  save: (objectType: string, events: readonly ChangeEvent[], state: BaselineObject) => Promise<void>,
): Promise<void> {
  const { client, connection, signal } = deps
  const { fields } = deps.fieldsOf(connection.crm, objectType)
  let state: BaselineObject = known ?? {
    done: false,
    cursor: null,
    count: 0,
    total: await counted(deps, objectType),
    fields,
  }
  let gathered: ChangeEvent[] = []
  let savedAt = performance.now()
  let saving: Promise<void> = Promise.resolve()
  /** One save at a time, so that no more than two batches are ever held. */
  const saveGathered = async () => {
    await saving
    const events = gathered
    gathered = []
    savedAt = performance.now()
    saving = save(objectType, events, state)
    // The next await of it throws.
    saving.catch(() => undefined)
  }
  try {
    while (!state.done && !signal.aborted) {
      const page = await client.changedSince({
        objectType,
        sinceMs: 0,
        cursor: state.cursor,
        ...deps.fieldsOf(connection.crm, objectType),
        source: 'baseline',
      })
      const done = page.cursor === null
      // Before the page counts as read: an object that is done without a stored schema would never get one.
      const hidden = [...new Set([...(state.hidden ?? []), ...page.unreadable])]
      if (hidden.length > (state.hidden?.length ?? 0) || done) await noteSchema(deps, objectType, hidden)
      // Counted again at the end, because people kept working during the import.
      const total = (done ? await counted(deps, objectType) : null) ?? page.total ?? state.total
      for (const event of page.events) gathered.push(event)
      state = {
        ...state,
        hidden,
        done,
        cursor: page.cursor,
        count: state.count + page.events.length,
        total,
      }
      if (done || gathered.length >= SAVE_AT || performance.now() - savedAt >= SAVE_AFTER_MS) await saveGathered()
    }
  } finally {
    if (gathered.length > 0) await saveGathered()
    await saving
  }
}

function readSoFar({ objects }: Baseline): number {
  return Object.values(objects).reduce((sum, { count }) => sum + count, 0)
}

/** The CRM's own count is optional: without it the import runs, and only the time left is unknown. */
async function counted({ count }: ImportDependencies, objectType: string): Promise<number | null> {
  try {
    return (await count?.(objectType)) ?? null
  } catch (error) {
    if (error instanceof CrmBusyError || error instanceof CrmReconnectError) throw error
    return null
  }
}

async function noteSchema(deps: PollDependencies, objectType: string, unreadable: readonly string[]): Promise<void> {
  const { fields, ours = [] } = deps.fieldsOf(deps.connection.crm, objectType)
  const schema = await deps.client.describe(objectType)
  await saveSchema(deps.db, deps.connection.id, schema, unreadable, [...fields, ...ours])
  // Nothing is decided before the import is done.
  if (schema.homeCurrency !== undefined) await noteHomeCurrency(deps.db, deps.connection.id, schema.homeCurrency)
}
