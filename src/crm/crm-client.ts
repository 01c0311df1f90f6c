import type { ChangeEvent, ConnectionId, Crm } from '../model/record/change-event.ts'
import type { CrmIdentity, ObjectSchema } from '../model/record/crm-facts.ts'
import type { CrmUser } from '../model/record/crm-user.ts'
import { CrmWithheldError, type WriteGate } from './write-gate.ts'

/** The few verbs that both CRMs offer. Everything vendor-shaped stays behind this file. */
export type CrmClient = {
  readonly crm: Crm
  readonly connectionId: ConnectionId

  /** Who the credentials belong to. Cheap; also the probe of "is the connection alive". */
  identify(): Promise<CrmIdentity>
  /** Every user, archived owner and queue. Bounded by the CRM's own user count. */
  users(): Promise<CrmUser[]>
  /**
   * Each of these users, archived owners and queues by itself, whatever the list says; at most `USERS_BY_ID_MAX`. One that
   * cannot be read holds up no other. An id without an answer was not asked. Throws where the CRM answered for none.
   */
  usersById(userIds: readonly string[]): Promise<UserAnswer[]>
  /** Fields of one object as our credentials see them. */
  describe(objectType: string): Promise<ObjectSchema>

  /**
   * One page of records modified at or after `sinceMs`, oldest change first, as complete change events.
   * `sinceMs` 0 reads everything: the baseline. Deleted records come as `deleted` events where the CRM lists them.
   */
  changedSince(query: ChangedSince): Promise<ChangedPage>
  /** Reads up to `CrmProfile.readBatchMax` records by id as complete change events. Ids the CRM does not find are `missing`. */
  readRecords(query: ReadRecords): Promise<{ readonly events: ChangeEvent[]; readonly missing: readonly string[] }>

  /**
   * Creates or updates tasks. One outcome per item, matched by `key`, never by position. At most `CrmProfile.writeBatchMax`.
   * The pipeline always gives its gate, which every request asks directly before its bytes leave.
   */
  writeTasks(tasks: readonly TaskWrite[], gate?: WriteGate): Promise<ItemOutcome[]>
  /** Hangs tasks on their records where writing them could not, see `unlinked`. Doing it twice changes nothing. */
  linkTasks?(links: readonly TaskLink[], gate?: WriteGate): Promise<ItemOutcome[]>
  /** Finds tasks by our key after a lost answer. Absent key: the CRM surely has none. Null: it cannot be known yet; of a task on no record, the CRM's search does not show it. */
  findTasks(keys: readonly TaskLookup[]): Promise<Map<string, CrmTask | null>>
  /** Sets owner fields. One outcome per item; the gate as for tasks. */
  writeOwners(writes: readonly OwnerFieldWrite[], gate?: WriteGate): Promise<ItemOutcome[]>

  /** How far the CRM's clock is ahead of ours by its last answer; negative: behind. Null: no answer has said a time. */
  clockAheadMs(): number | null

  /** Links for people. */
  recordUrl(objectType: string, recordId: string): string
  taskUrl(taskId: string): string
}

/** The CRM's time in whole milliseconds; ours where no answer has said a time. */
export function crmTimeMs({ clockAheadMs }: Pick<CrmClient, 'clockAheadMs'>, nowMs: number): number {
  return Math.floor(nowMs + (clockAheadMs() ?? 0))
}

export type { CrmIdentity, FieldSchema, ObjectSchema, TaskKeySupport } from '../model/record/crm-facts.ts'

/** An id may cost three calls, and other reads wait meanwhile. */
export const USERS_BY_ID_MAX = 25

/** `gone`: the CRM says that it has no such user or queue. `unknown`: what it answered proves neither. */
export type UserAnswer =
  | { readonly userId: string; readonly answer: 'there'; readonly user: CrmUser }
  | { readonly userId: string; readonly answer: 'gone' }
  | { readonly userId: string; readonly answer: 'unknown'; readonly why: string }

export type ChangedSince = {
  readonly objectType: string
  readonly sinceMs: number
  readonly cursor: string | null
  /** Fields to bring along. Ones that cannot be read are left out and named in `unreadable`. */
  readonly fields: readonly string[]
  /** Fields whose own time of change matters; brought with history where the CRM keeps one. */
  readonly historyFields: readonly string[]
  readonly source: 'poll' | 'baseline'
}

export type ChangedPage = {
  readonly events: ChangeEvent[]
  /** Null: this was the last page. */
  readonly cursor: string | null
  readonly unreadable: readonly string[]
  /** How many records the CRM says there are in all, when it says so. For progress. */
  readonly total: number | null
}

export type ReadRecords = {
  readonly objectType: string
  readonly ids: readonly string[]
  readonly fields: readonly string[]
  readonly historyFields: readonly string[]
}

export type TaskWrite = {
  /** Ours, stable for the life of the task: what makes a second write of the same task harmless. */
  readonly key: string
  /** The CRM's id when we know it; null creates. */
  readonly taskId: string | null
  readonly ownerId: string
  readonly subject: string
  /** Plain text; adapters escape it for their CRM. */
  readonly body: string
  readonly dueAtMs: number
  /** Zone of the owner: Salesforce due dates are days in it. */
  readonly timeZone: string | null
  readonly priority: 'high' | 'normal'
  readonly status: 'open' | 'done'
  /** The record that the task hangs on. Null: none that could be named. */
  readonly about: { readonly objectType: string; readonly recordId: string } | null
  /**
   * We hung the task on another record before. False: it stays where it is, because the CRM moves tasks itself when their
   * record is merged or converted. A new task is always hung on its record.
   */
  readonly rehang: boolean
}

export type TaskLink = {
  /** The intent's id, to match the outcome. */
  readonly key: string
  readonly taskId: string
  readonly about: NonNullable<TaskWrite['about']>
}

export type TaskLookup = {
  readonly key: string
  readonly about: TaskWrite['about']
  readonly taskId: string | null
  /** How long ago a call may last have created it. Left out: a moment ago. */
  readonly sentAgoMs?: number | undefined
}

export type CrmTask = {
  readonly taskId: string
  readonly key: string | null
  readonly status: 'open' | 'done'
  readonly ownerId: string | null
  readonly completedAtMs: number | null
  /** Further tasks with the same key: two calls created it. The first one made is the task. */
  readonly others?: readonly string[]
  /** It may not hang on its record yet. */
  readonly unlinked?: boolean
}

export type OwnerFieldWrite = {
  /** The intent's id, to match the outcome. */
  readonly key: string
  readonly objectType: string
  readonly recordId: string
  readonly field: string
  readonly to: string
}

/**
 * `refused`: the CRM said no and will say no again; the sentence is its own. `retry`: surely nothing was written, try later;
 * only where no byte left, or where the CRM itself said so before it did anything (429, 401, a locked record).
 * `unknown`: it may or may not have been written; find out by reading back. So is every answer of which it is not sure that
 * the CRM gave it.
 */
export type ItemOutcome =
  | {
      readonly key: string
      readonly outcome: 'done'
      readonly id: string
      /** The field's value as the CRM itself answered it. Left out: its answer did not say. */
      readonly after?: string | null | undefined
      /** Of a task: why the CRM did not take the record that it should hang on. It is written without one. */
      readonly notHung?: string | undefined
      /** A task that does not hang on its record yet: `linkTasks` has to follow. */
      readonly unlinked?: boolean
    }
  /** The gate kept it back: no byte of it left. */
  | { readonly key: string; readonly outcome: 'withheld'; readonly why: string }
  | { readonly key: string; readonly outcome: 'refused'; readonly code: string; readonly why: string }
  | {
      readonly key: string
      readonly outcome: 'retry'
      readonly why: string
      readonly retryAtMs: number | null
      /** The scopes that an admin has to grant first. Empty: the CRM names none. Absent: no scope is missing. */
      readonly missingScopes?: readonly string[] | undefined
    }
  | { readonly key: string; readonly outcome: 'unknown'; readonly why: string; readonly status?: number | null }
  | { readonly key: string; readonly outcome: 'gone'; readonly why: string }

/**
 * Takes calls from the connection's shared allowance. Every adapter asks before every request, so the sum over all
 * workers stays under our share of the CRM's limits. Throws `CrmBusyError` when there is nothing left right now.
 */
export type CallBudget = {
  take(kind: 'read' | 'write' | 'search'): Promise<void>
  /** The CRM said 429 or sent a Retry-After: nobody calls before then. */
  pauseUntil(atMs: number, why: string): Promise<void>
  /** What the CRM says is left of the day, from its own headers. */
  observe(usage: CallUsage): Promise<void>
}

export type CallUsage = {
  readonly usedToday: number
  readonly limitToday: number
  /** The CRM's own limit over a short window, where its headers name one: plans differ. */
  readonly window?: { readonly ms: number; readonly limit: number } | undefined
}

/** No allowance left, or the CRM asked us to wait. Nothing was sent, or nothing was written: safe to do again. */
export class CrmBusyError extends Error {
  override readonly name = 'CrmBusyError'
  readonly code = 'CRM_BUSY'
  readonly retryAtMs: number
  constructor(message: string, retryAtMs: number, cause?: unknown) {
    super(message, { cause })
    this.retryAtMs = retryAtMs
  }
}

/** No byte of the request left this process, whatever went wrong: safe to do again. */
export class CrmNotSentError extends Error {
  override readonly name = 'CrmNotSentError'
  readonly code = 'CRM_NOT_SENT'
}

/** An error from before the first byte. "Busy" and "reconnect" say by themselves that nothing was written. */
export function notSentBecause(cause: unknown): Error {
  const saysSo = [CrmBusyError, CrmReconnectError, CrmNotSentError, CrmWithheldError]
  if (cause instanceof Error && saysSo.some((kind) => cause instanceof kind)) return cause
  return new CrmNotSentError(`Not sent: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
}

/**
 * The budget with notes that cannot fail. They are taken while an answer is at hand, and an error of our own database must
 * not replace the outcome of a write. The figures come again with the next answer, and so does the request to wait.
 */
export function withQuietNotes(budget: CallBudget): CallBudget {
  const quietly = async (note: () => Promise<void>) => {
    try {
      await note()
    } catch {
      // The outcome of the call counts.
    }
  }
  return {
    take: (kind) => budget.take(kind),
    pauseUntil: (atMs, why) => quietly(() => budget.pauseUntil(atMs, why)),
    observe: (usage) => quietly(() => budget.observe(usage)),
  }
}

/** The grant is gone: expired, revoked, or a scope was taken away. Only a person can mend it. */
export class CrmReconnectError extends Error {
  override readonly name = 'CrmReconnectError'
  readonly code = 'CRM_RECONNECT'
  /** What the admin has to do, one sentence. */
  readonly remedy: string
  constructor(message: string, remedy: string, cause?: unknown) {
    super(message, { cause })
    this.remedy = remedy
  }
}

/** The grant stands, and what was asked is outside of it: a scope is missing. Other calls go on. */
export class CrmScopeMissingError extends CrmReconnectError {
  /** As the CRM names them; empty when it names none. */
  readonly scopes: readonly string[]
  constructor(message: string, remedy: string, scopes: readonly string[]) {
    super(message, remedy)
    this.scopes = scopes
  }
}

/** A request whose outcome we do not know: cut connection, deadline, 5xx, unreadable answer. Reads may be repeated. */
export class CrmUnknownError extends Error {
  override readonly name = 'CrmUnknownError'
  readonly code = 'CRM_UNKNOWN'
  /** The HTTP status of the answer. Null: none came. */
  readonly status: number | null
  constructor(message: string, { status = null, ...options }: ErrorOptions & { status?: number | null } = {}) {
    super(message, options)
    this.status = status
  }
}

/** The CRM understood and refused. Repeating the same request gets the same answer. */
export class CrmRefusedError extends Error {
  override readonly name = 'CrmRefusedError'
  readonly code: string
  readonly status: number
  constructor(message: string, code: string, status: number, cause?: unknown) {
    super(message, { cause })
    this.code = code
    this.status = status
  }
}
