import { createHash } from 'node:crypto'
import { underLease } from '../../connections/call-budget.ts'
import type { TaskWrite } from '../../crm/crm-client.ts'
import type { ExceptionClass } from '../../model/classes/class.ts'
import { closingText, taskText } from '../../model/decision/task-text.ts'
import { buildDirectory, type CountingDirectory } from '../../model/people/directory.ts'
import { canonicalJson } from '../../model/policy/canonical.ts'
import type { PatternName } from '../../model/policy/policy.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import { count } from '../../store/database/counters.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import {
  type ClaimedIntent,
  claimIntents,
  finishIntents,
  holdForSending,
  type IntentResult,
} from '../../store/decisions/intents.ts'
import { listUsers } from '../../store/decisions/people.ts'
import { recordTaskGone, recordTaskWritten, type TaskContent, taskContents } from '../../store/decisions/tasks.ts'
import { appendLedger } from '../../store/ledger/ledger.ts'
import { markDirty } from '../../store/records/records.ts'
import type { ActDependencies, Acted } from './contract.ts'
import { failAll, finished, GONE, isFinal, later, matchOutcomes, withheld, writeEntry } from './intent-outcomes.ts'

type PlannedTask = {
  readonly intent: ClaimedIntent
  readonly content: TaskContent
  readonly write: TaskWrite
  readonly digest: string
}

/** Makes the tasks in the CRM what they should be: created, updated, closed or opened again, up to a batch at a time. */
export async function actOnTasks(deps: ActDependencies): Promise<Acted> {
  const { db, client, connection } = deps
  const claimed = await claimIntents(db, connection.id, 'task', crmProfile(connection.crm).writeBatchMax, deps.instance)
  if (claimed.length === 0) return { taken: 0, written: 0, read: false }
  const results: IntentResult[] = []
  let planned: PlannedTask[] = []
  let sent = false
  try {
    const contents = new Map(
      (
        await taskContents(
          db,
          claimed.map((i) => i.taskId!),
        )
      ).map((c) => [c.id, c]),
    )
    const found = await readBack(deps, claimed, contents)
    const directory = buildDirectory(await listUsers(db), new Map())
    const ownerless: TaskContent[] = []
    for (const intent of claimed) {
      const content = withFound(contents.get(intent.taskId!)!, found)
      const plan = planTask(deps, intent, content, directory)
      if (plan === 'nothing') results.push(finished(intent, 'done', 'Nothing to write', content.crmTaskId))
      else if (plan === 'no-owner') {
        ownerless.push(content)
        results.push(
          later(intent, 'The owner is no longer an active user; the case is decided again', deps.nowMs() + 15_000),
        )
      } else planned.push(plan)
    }
    await markDirty(
      db,
      ownerless.flatMap((c) =>
        c.cases.map((item) => ({ connectionId: c.connectionId, objectType: item.objectType, recordId: item.recordId })),
      ),
    )
    const held = await holdForSending(
      db,
      planned.map(({ intent, write }) => ({ id: intent.id, leaseEpoch: intent.leaseEpoch, payload: write })),
    )
    results.push(...planned.flatMap(({ intent }) => (held.has(intent.id) ? [] : [withheld(intent, deps.nowMs())])))
    planned = planned.filter(({ intent }) => held.has(intent.id))
    if (planned.length > 0) {
      sent = true
      const outcomes = await underLease(() => client.writeTasks(planned.map(({ write }) => write)))
      const items = planned.map(({ intent, write }) => ({ intent, key: write.key, closes: write.status === 'done' }))
      results.push(...matchOutcomes(items, outcomes, deps.nowMs()))
    }
  } catch (error) {
    const rest = claimed.filter((intent) => !results.some((r) => r.id === intent.id))
    results.push(...failAll(rest, error, !sent, deps.nowMs()))
    await recordTaskOutcomes(deps, claimed, planned, results)
    throw error
  }
  await recordTaskOutcomes(deps, claimed, planned, results)
  return { taken: claimed.length, written: planned.length, read: false }
}

/** Asks the CRM for tasks that may have been written by a call whose answer was lost. */
async function readBack(
  deps: ActDependencies,
  claimed: readonly ClaimedIntent[],
  contents: ReadonlyMap<number, TaskContent>,
) {
  const lookups = claimed
    .filter((intent) => intent.readBack)
    .map((intent) => contents.get(intent.taskId!)!)
    .filter((content) => content.crmTaskId === null)
    .map((content) => ({ key: content.key, about: aboutOf(content), taskId: null }))
  if (lookups.length === 0) return new Map<string, { readonly taskId: string; readonly ownerId: string | null }>()
  return deps.client.findTasks(lookups)
}

function withFound(
  content: TaskContent,
  found: ReadonlyMap<string, { readonly taskId: string; readonly ownerId: string | null }>,
): TaskContent {
  const task = found.get(content.key)
  return task ? { ...content, crmTaskId: task.taskId, crmOwnerId: task.ownerId } : content
}

function aboutOf(content: TaskContent): TaskWrite['about'] {
  return content.objectType === null || content.recordId === null
    ? null
    : { objectType: content.objectType, recordId: content.recordId }
}

function planTask(
  deps: ActDependencies,
  intent: ClaimedIntent,
  content: TaskContent,
  directory: CountingDirectory,
): PlannedTask | 'nothing' | 'no-owner' {
  const { connection } = deps
  if (content.status === 'done') {
    // Closed before it was ever written, and no call can have reached the CRM.
    if (content.crmTaskId === null) return 'nothing'
  } else if (content.cases.length === 0) return 'nothing'
  const owner = directory.personByEmail(connection.id, content.ownerEmail)
  const ownerId = owner?.userId ?? (content.status === 'done' ? content.crmOwnerId : null)
  if (ownerId === null || ownerId === undefined) return content.status === 'done' ? 'nothing' : 'no-owner'
  const timeZone = owner?.timeZone ?? connection.timeZone ?? 'UTC'
  const text = content.status === 'done' ? closingOf(content, intent) : openText(deps, content, timeZone)
  const write: TaskWrite = {
    key: content.key,
    taskId: content.crmTaskId,
    ownerId,
    subject: text.subject,
    body: text.body,
    dueAtMs: content.dueAt.getTime(),
    timeZone,
    priority: content.cases.some((c) => c.class === 'customer-facing' || c.class === 'revenue-impacting')
      ? 'high'
      : 'normal',
    status: content.status,
    about: aboutOf(content),
  }
  const { taskId: _taskId, ...said } = write
  const digest = createHash('sha256').update(canonicalJson(said)).digest('hex')
  if (content.crmTaskId !== null && digest === content.writtenDigest) return 'nothing'
  return { intent, content, write, digest }
}

function openText(deps: ActDependencies, content: TaskContent, timeZone: string) {
  return taskText({
    workflowTitle: deps.workflowTitle(content.workflow),
    cases: content.cases.map((item) => ({
      title: item.title,
      noun: objectShape(deps.connection.crm, item.objectType)?.noun ?? item.objectType,
      pattern: item.pattern as PatternName,
      class: item.class as ExceptionClass,
      what: item.what,
      wouldHave: item.wouldHave,
      todo: item.todo,
      causeTitle: item.causeTitle,
      caseUrl: deps.caseUrl(item.id),
      receiptSeq: item.receiptSeq,
    })),
    total: content.total,
    dueAtMs: content.dueAt.getTime(),
    timeZone,
    reopenReason: content.reopenReason,
  })
}

/** A closing task keeps its words, with the reason on top, so that the person who meets it later can follow. */
function closingOf(content: TaskContent, intent: ClaimedIntent): { subject: string; body: string } {
  const last = content.lastWritten
  const why = closingText(content.closing ?? '')
  if (last === null) return { subject: `Closed: ${intent.workflow}`, body: why }
  return { subject: last.subject, body: `${why}\n\n${last.body}` }
}

async function recordTaskOutcomes(
  deps: ActDependencies,
  claimed: readonly ClaimedIntent[],
  planned: readonly PlannedTask[],
  results: readonly IntentResult[],
): Promise<void> {
  const byId = new Map(claimed.map((intent) => [intent.id, intent]))
  const planOf = new Map(planned.map((plan) => [plan.intent.id, plan]))
  await inTransaction(deps.db, async (trx) => {
    const ours = await finishIntents(trx, results)
    const kept = results.filter((result) => ours.has(result.id))
    await recordTaskWritten(
      trx,
      kept.flatMap((r) => {
        const plan = planOf.get(r.id)
        if (r.state !== 'done' || !plan || r.crmId === null) return []
        return [
          {
            taskId: plan.content.id,
            crmTaskId: r.crmId,
            crmOwnerId: plan.write.ownerId,
            digest: plan.digest,
            subject: plan.write.subject,
            body: plan.write.body,
          },
        ]
      }),
    )
    await recordTaskGone(
      trx,
      kept.flatMap((r) => {
        const plan = planOf.get(r.id)
        return plan && r.outcome === GONE ? [plan.content.id] : []
      }),
    )
    const refused = kept.filter((r) => r.refused === true).length
    await count(trx, 'task-refused', refused, { connectionId: deps.connection.id })
    await appendLedger(
      trx,
      kept
        .filter((r) => isFinal(r) && planOf.has(r.id))
        .map((r) => {
          const content = planOf.get(r.id)!.content
          return writeEntry(deps, byId.get(r.id)!, r, `${content.objectType}/${content.recordId}`)
        }),
    )
  })
}
