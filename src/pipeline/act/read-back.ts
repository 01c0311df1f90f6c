import type { CrmTask, TaskLookup, TaskWrite } from '../../crm/crm-client.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { countEmptySearches } from '../../store/decisions/search-again.ts'
import { recordTaskFound } from '../../store/decisions/task-contents.ts'
import { requestLinks } from '../../store/decisions/task-follow-ups.ts'
import type { IntentResult, JobIntent, TaskIntent } from '../../store/writes/intents.ts'
import { answeredWithinMs, SHIPPED_TIMING, type WriteTiming } from '../../store/writes/write-timing.ts'
import type { ActDependencies } from './contract.ts'
import { unknown } from './intent-outcomes.ts'
import { tellOfDoubled } from './tell-of-doubled.ts'

/** A create whose answer was lost, and what the CRM would know its task by. */
export type ReadBack = {
  readonly intent: TaskIntent | JobIntent
  readonly key: string
  /** The record that the call named. */
  readonly about: TaskWrite['about']
}

export type BackRead = {
  readonly found: ReadonlyMap<string, CrmTask>
  /** Of intents of which the CRM cannot say yet: tried again. */
  readonly waiting: ReadonlyMap<number, IntentResult>
}

/**
 * Searches the CRM for tasks that a call whose answer was lost may have created. What is found is recorded at once:
 * whatever becomes of the write that follows, this task is never created again.
 */
export async function readBackTasks(deps: ActDependencies, wanted: readonly ReadBack[]): Promise<BackRead> {
  const { db, client, connection, timing = SHIPPED_TIMING } = deps
  if (wanted.length === 0) return { found: new Map(), waiting: new Map() }
  const answers = await client.findTasks(
    wanted.map(
      ({ intent, key, about }): TaskLookup => ({ key, about, taskId: null, sentAgoMs: intent.sentAgoMs ?? undefined }),
    ),
  )
  const found = new Map<string, CrmTask>()
  const waiting = new Map<number, IntentResult>()
  const searched: { readonly id: number; readonly isLast: boolean }[] = []
  for (const { intent, key, about } of wanted) {
    const task = answers.get(key)
    if (task) found.set(key, task)
    if (task !== null) continue
    const verdict = about === null ? judgeSearch(intent, timing) : 'wait'
    if (typeof verdict === 'object' && verdict.counts) searched.push({ id: intent.id, isLast: false })
    if (verdict === 'not-there') searched.push({ id: intent.id, isLast: true })
    else waiting.set(intent.id, stillUnknown(intent, verdict === 'wait' ? null : verdict.againInMs))
  }
  await inTransaction(db, async (trx) => {
    await countEmptySearches(trx, searched)
    const all = wanted.flatMap(({ intent, key }) => {
      const task = found.get(key)
      return task === undefined ? [] : [{ ...intent, task }]
    })
    await recordTaskFound(
      trx,
      all.map((one) => ({
        taskId: one.taskId,
        crmTaskId: one.task.taskId,
        crmOwnerId: one.task.ownerId,
        hungOn: one.kind === 'task' ? one.sentAbout : null,
      })),
    )
    await requestLinks(
      trx,
      connection.id,
      all.filter(({ task }) => task.unlinked === true),
    )
    const extras = all.flatMap(({ taskId, workflow, policyHash, task }) =>
      (task.others ?? []).map((extraId) => ({ taskId, workflow, policyHash, keptId: task.taskId, extraId })),
    )
    await tellOfDoubled(trx, connection.id, extras)
  })
  return { found, waiting }
}

function stillUnknown(intent: TaskIntent | JobIntent, againInMs: number | null): IntentResult {
  const result = unknown(intent, 'The CRM cannot say yet whether the task was created')
  return againInMs === null ? result : { ...result, retryInMs: againInMs }
}

/** An index shows what is new "after a few moments", up to half a minute as people report: twice that is waited. */
const INDEX_SHOWS_AFTER_MS = 60_000
/** And as nothing promises that, three times more within five minutes. */
const MORE_SEARCHES = 3
const BETWEEN_SEARCHES_MS = 100_000

/**
 * What a search that shows nothing says of a task that hangs on no record. An index cannot prove that something is not
 * there: only after the CRM has surely ended its work and its index had time, and only when it shows nothing four times.
 */
export function judgeSearch(
  { sentAgoMs, emptySearches }: { readonly sentAgoMs: number | null; readonly emptySearches: number },
  timing: WriteTiming,
): 'not-there' | { readonly againInMs: number; readonly counts: boolean } {
  // The gate never let it through: no byte of it left.
  if (sentAgoMs === null) return 'not-there'
  const firstAtMs = answeredWithinMs(timing) + INDEX_SHOWS_AFTER_MS
  if (sentAgoMs < firstAtMs) return { againInMs: Math.ceil(firstAtMs - sentAgoMs), counts: false }
  return emptySearches >= MORE_SEARCHES ? 'not-there' : { againInMs: BETWEEN_SEARCHES_MS, counts: true }
}
