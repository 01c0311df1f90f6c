import { createHash } from 'node:crypto'
import {
  CrmBusyError,
  type CrmClient,
  CrmReconnectError,
  CrmRefusedError,
  type ItemOutcome,
  READ_BATCH_MAX,
  type TaskWrite,
  WRITE_BATCH_MAX,
} from '../crm/crm.ts'
import type { ExceptionClass } from '../model/classes/class.ts'
import { canonicalJson } from '../model/policy/canonical.ts'
import type { PatternName } from '../model/policy/policy.ts'
import type { ConnectionId, Crm } from '../model/record/change-event.ts'
import { objectShape } from '../model/record/object-shape.ts'
import { closingText, taskText } from '../model/task-text.ts'
import type { ConnectionRow } from '../store/connections.ts'
import type { Database, DatabaseTransaction } from '../store/database.ts'
import {
  type ClaimedIntent,
  claimIntents,
  finishIntents,
  type IntentResult,
  type OwnerPayload,
  recordPayloads,
  rememberWrites,
} from '../store/intents.ts'
import { appendLedger, type LedgerEntry } from '../store/ledger.ts'
import { listUsers } from '../store/people.ts'
import { markDirty } from '../store/records.ts'
import { recordTaskGone, recordTaskWritten, type TaskContent, taskContents } from '../store/tasks.ts'
import { buildDirectory, type CountingDirectory } from './directory.ts'
import { receiveEvents } from './receive.ts'

export type ActDependencies = {
  readonly db: Database
  readonly client: CrmClient
  readonly connection: Pick<ConnectionRow, 'id' | 'crm' | 'timeZone' | 'taskKey'>
  /** Fields that a fresh read of an object must bring, so that the read is a complete event. */
  readonly fieldsOf: (crm: Crm, objectType: string) => { fields: readonly string[]; historyFields: readonly string[] }
  readonly workflowTitle: (workflow: string) => string
  readonly caseUrl: (exceptionId: number) => string
  readonly nowMs: () => number
  /** This process, as it beats: whose lease an intent is under. */
  readonly instance: string
}

export type Acted = { readonly taken: number; readonly written: number; readonly read: boolean }

/** Writes one batch of what was decided for one connection. Every call is preceded by a row that says what it sends. */
export async function actBatch(deps: ActDependencies): Promise<Acted> {
  const owners = await actOnOwners(deps)
  const tasks = await actOnTasks(deps)
  return { taken: owners.taken + tasks.taken, written: owners.written + tasks.written, read: owners.read }
}

// --- owners -------------------------------------------------------------------------------------------------------

async function actOnOwners(deps: ActDependencies): Promise<Acted> {
  const { db, client, connection } = deps
  const claimed = await claimIntents(
    db,
    connection.id,
    'owner',
    Math.min(READ_BATCH_MAX[connection.crm], WRITE_BATCH_MAX[connection.crm]),
    deps.instance,
  )
  if (claimed.length === 0) return { taken: 0, written: 0, read: false }
  const results: IntentResult[] = []
  const toWrite: ClaimedIntent[] = []
  try {
    const current = await readCurrentOwners(deps, claimed)
    for (const intent of claimed) {
      const payload = intent.payload as unknown as OwnerPayload
      const now = current.get(`${intent.objectType}/${intent.recordId}`)
      if (now === undefined) results.push(finished(intent, 'cancelled', 'The record is gone'))
      // Read-back after a lost answer: it did arrive.
      else if (now === payload.to)
        results.push(finished(intent, 'done', intent.readBack ? 'Found written' : 'Already so', intent.recordId))
      else if (now !== payload.from) results.push(finished(intent, 'cancelled', 'Somebody changed the owner meanwhile'))
      else toWrite.push(intent)
    }
    if (toWrite.length > 0) {
      const outcomes = await client.writeOwners(
        toWrite.map((intent) => {
          const payload = intent.payload as unknown as OwnerPayload
          return {
            key: String(intent.id),
            objectType: intent.objectType!,
            recordId: intent.recordId!,
            field: payload.field,
            to: payload.to,
          }
        }),
      )
      const sent = toWrite.map((intent) => ({ intent, key: String(intent.id), closes: false }))
      results.push(...matchOutcomes(sent, outcomes, deps.nowMs()))
    }
  } catch (error) {
    const rest = claimed.filter((intent) => !results.some((r) => r.id === intent.id))
    // Before the write went out nothing can have happened; after it, only a busy or refused answer says so for sure.
    results.push(...failAll(rest, error, toWrite.length === 0, deps.nowMs()))
    await settleOwners(deps, claimed, results)
    throw error
  }
  await settleOwners(deps, claimed, results)
  return { taken: claimed.length, written: toWrite.length, read: true }
}

/** Never written blind: what the record's owner is right now, straight from the CRM. The reads are events like any. */
async function readCurrentOwners(
  deps: ActDependencies,
  intents: readonly ClaimedIntent[],
): Promise<Map<string, string | null>> {
  const owners = new Map<string, string | null>()
  const byObject = new Map<string, string[]>()
  for (const intent of intents) {
    const ids = byObject.get(intent.objectType!) ?? []
    ids.push(intent.recordId!)
    byObject.set(intent.objectType!, ids)
  }
  for (const [objectType, ids] of byObject) {
    const ownerField = objectShape(deps.connection.crm, objectType)!.owner
    const { events } = await deps.client.readRecords({
      objectType,
      ids,
      ...deps.fieldsOf(deps.connection.crm, objectType),
    })
    await receiveEvents(deps.db, events)
    for (const event of events) {
      if (event.kind !== 'deleted') owners.set(`${objectType}/${event.recordId}`, event.fields[ownerField] ?? null)
    }
  }
  return owners
}

async function settleOwners(
  deps: ActDependencies,
  claimed: readonly ClaimedIntent[],
  results: readonly IntentResult[],
): Promise<void> {
  const byId = new Map(claimed.map((intent) => [intent.id, intent]))
  await deps.db.transaction().execute(async (trx) => {
    const ours = await finishIntents(trx, results)
    const kept = results.filter((result) => ours.has(result.id))
    await rememberWrites(
      trx,
      kept
        .filter((r) => r.state === 'done')
        .map((r) => {
          const intent = byId.get(r.id)!
          const payload = intent.payload as unknown as OwnerPayload
          return {
            connectionId: intent.connectionId,
            objectType: intent.objectType!,
            recordId: intent.recordId!,
            field: payload.field,
            value: payload.to,
            before: payload.from,
            intentId: intent.id,
          }
        }),
    )
    // What was not written leaves the case undecided: look again.
    const again = kept.filter((r) => r.state === 'refused' || r.state === 'cancelled').map((r) => byId.get(r.id)!)
    await markDirty(
      trx,
      again.map((i) => ({ connectionId: i.connectionId, objectType: i.objectType!, recordId: i.recordId! })),
    )
    await appendLedger(
      trx,
      kept
        .filter(isFinal)
        .map((r) => writeEntry(deps, byId.get(r.id)!, r, `${byId.get(r.id)!.objectType}/${byId.get(r.id)!.recordId}`)),
    )
  })
}

// --- tasks --------------------------------------------------------------------------------------------------------

type PlannedTask = {
  readonly intent: ClaimedIntent
  readonly content: TaskContent
  readonly write: TaskWrite
  readonly digest: string
}

async function actOnTasks(deps: ActDependencies): Promise<Acted> {
  const { db, client, connection } = deps
  const claimed = await claimIntents(db, connection.id, 'task', WRITE_BATCH_MAX[connection.crm], deps.instance)
  if (claimed.length === 0) return { taken: 0, written: 0, read: false }
  const results: IntentResult[] = []
  const planned: PlannedTask[] = []
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
    await recordPayloads(
      db,
      planned.map(({ intent, write }) => ({ id: intent.id, leaseEpoch: intent.leaseEpoch, payload: write })),
    )
    if (planned.length > 0) {
      sent = true
      const outcomes = await client.writeTasks(planned.map(({ write }) => write))
      results.push(
        ...matchOutcomes(
          planned.map(({ intent, write }) => ({ intent, key: write.key, closes: write.status === 'done' })),
          outcomes,
          deps.nowMs(),
        ),
      )
    }
  } catch (error) {
    const rest = claimed.filter((intent) => !results.some((r) => r.id === intent.id))
    results.push(...failAll(rest, error, !sent, deps.nowMs()))
    await settleTasks(deps, claimed, planned, results)
    throw error
  }
  await settleTasks(deps, claimed, planned, results)
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

async function settleTasks(
  deps: ActDependencies,
  claimed: readonly ClaimedIntent[],
  planned: readonly PlannedTask[],
  results: readonly IntentResult[],
): Promise<void> {
  const byId = new Map(claimed.map((intent) => [intent.id, intent]))
  const planOf = new Map(planned.map((plan) => [plan.intent.id, plan]))
  await deps.db.transaction().execute(async (trx: DatabaseTransaction) => {
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

// --- outcomes -----------------------------------------------------------------------------------------------------

const GONE = 'The task was deleted in the CRM'

/** A task that a person deleted comes back at the earliest after this, if its case is still open. */
const GONE_COOL_DOWN_MS = 15 * 60_000

type Sent = {
  readonly intent: ClaimedIntent
  readonly key: string
  /** The write was to close a task. */
  readonly closes: boolean
}

function matchOutcomes(sent: readonly Sent[], outcomes: readonly ItemOutcome[], nowMs: number): IntentResult[] {
  const byKey = new Map(outcomes.map((outcome) => [outcome.key, outcome]))
  return sent.map((item) => {
    const outcome = byKey.get(item.key)
    // An item that the answer does not mention may have been written.
    return outcome
      ? resultOf(item, outcome, nowMs)
      : unknown(item.intent, 'The answer did not mention this item', nowMs)
  })
}

function resultOf({ intent, closes }: Sent, outcome: ItemOutcome, nowMs: number): IntentResult {
  switch (outcome.outcome) {
    case 'done':
      return finished(intent, 'done', null, outcome.id)
    case 'refused':
      return finished(intent, 'refused', `${outcome.code}: ${outcome.why}`)
    case 'gone':
      if (intent.kind === 'owner') return finished(intent, 'cancelled', outcome.why)
      // A task that was to be closed went with its record: that is closed enough.
      return closes ? finished(intent, 'done', outcome.why) : later(intent, GONE, nowMs + GONE_COOL_DOWN_MS)
    case 'retry':
      return later(intent, outcome.why, outcome.retryAtMs ?? nowMs + backoffMs(intent.attempts))
    case 'unknown':
      return unknown(intent, outcome.why, nowMs)
  }
}

function failAll(
  intents: readonly ClaimedIntent[],
  error: unknown,
  nothingSent: boolean,
  nowMs: number,
): IntentResult[] {
  const why = error instanceof Error ? error.message : String(error)
  return intents.map((intent) => {
    // The uncertainty of an earlier call stays until a read-back has settled it.
    const wait = error instanceof CrmBusyError ? error.retryAtMs : nowMs + backoffMs(intent.attempts)
    if (error instanceof CrmRefusedError && !nothingSent) return finished(intent, 'refused', `${error.code}: ${why}`)
    const certain = nothingSent || error instanceof CrmBusyError || error instanceof CrmReconnectError
    if (certain && !intent.readBack) return later(intent, why, wait)
    return { ...unknown(intent, why, nowMs), nextAttemptAtMs: wait }
  })
}

function finished(
  intent: ClaimedIntent,
  state: 'done' | 'refused' | 'cancelled',
  outcome: string | null,
  crmId: string | null = null,
): IntentResult {
  return { id: intent.id, leaseEpoch: intent.leaseEpoch, state, outcome, crmId, nextAttemptAtMs: null }
}

function later(intent: ClaimedIntent, outcome: string, atMs: number): IntentResult {
  return { id: intent.id, leaseEpoch: intent.leaseEpoch, state: 'pending', outcome, crmId: null, nextAttemptAtMs: atMs }
}

function unknown(intent: ClaimedIntent, outcome: string, nowMs: number): IntentResult {
  return {
    id: intent.id,
    leaseEpoch: intent.leaseEpoch,
    state: 'unknown',
    outcome,
    crmId: null,
    nextAttemptAtMs: nowMs + backoffMs(intent.attempts),
  }
}

/** 1 s, 2 s, 4 s ... 5 min. The CRM's own Retry-After goes before it. */
function backoffMs(attempts: number): number {
  return Math.min(1_000 * 2 ** Math.min(attempts - 1, 9), 300_000)
}

function isFinal(result: IntentResult): boolean {
  return (
    result.state === 'done' || result.state === 'refused' || result.state === 'cancelled' || result.state === 'unknown'
  )
}

function writeEntry(deps: ActDependencies, intent: ClaimedIntent, result: IntentResult, subject: string): LedgerEntry {
  return {
    at: new Date(deps.nowMs()),
    kind: `${intent.kind}-write-${result.state}`,
    actor: 'lanekeeper',
    subject: `${intent.connectionId as ConnectionId}/${subject}`,
    body: canonicalJson({
      intent: intent.id,
      workflow: intent.workflow,
      policy: intent.policyHash,
      decidedIn: intent.receiptSeq,
      task: intent.taskId,
      ...(intent.kind === 'owner' ? { write: intent.payload } : {}),
      attempt: intent.attempts,
      outcome: result.outcome,
      crmId: result.crmId,
    }),
  }
}
