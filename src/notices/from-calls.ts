import {
  type ChangedPage,
  CrmBusyError,
  type CrmClient,
  CrmReconnectError,
  CrmRefusedError,
  CrmUnknownError,
  type ItemOutcome,
} from '../crm/crm-client.ts'
import type { ChangeEvent } from '../model/record/change-event.ts'
import { crmProfile } from '../model/record/crm-profile.ts'
import { NoAllowanceError } from '../store/connections/call-budget.ts'
import type { NoticeBoard, NoticeConnection } from './notice-board.ts'
import { ENDINGS, SENTENCES } from './texts.ts'

/** One failed call is a hiccup, which the adapters have already tried again. So many in a row are an outage. */
const OUTAGE_AFTER_CALLS = 3

/** Throttling ends by itself within seconds; a wait from here on is the day's quota, and worth a person's knowing. */
const DAY_WAIT_MS = 300_000

/** A wait for our own share that is shorter than this is how the share is kept, and nobody's news. */
const OWN_WAIT_MS = 60_000

/** Two clocks are never the same, and a machine that is suspended is off for a while. */
const CLOCK_OFF_MS = 120_000

/**
 * A page of older records says nothing of the CRM's clock. Only that nothing was ahead for as long as several polls does,
 * and they are at most a few minutes apart.
 */
const CLOCK_RIGHT_AFTER_MS = 1_800_000

export type SeenFields = { readonly shown: ReadonlySet<string>; readonly hidden: ReadonlySet<string> }

export type CallWatch = {
  /** The same client; what becomes of its calls is noted. */
  watch(client: CrmClient): CrmClient
  /** An object was refused as a whole, or came without fields: its fields may have changed. Taken once. */
  takeDoubt(): boolean
  /** What the pages of an object said last of its fields: with a value, or that they are kept from us. */
  seenOf(objectType: string): SeenFields
  /** When a call last worked. 0: not yet. */
  workedAtMs(): number
}

type Verb =
  | 'identify'
  | 'users'
  | 'describe'
  | 'changedSince'
  | 'readRecords'
  | 'writeTasks'
  | 'findTasks'
  | 'writeOwners'

const DOES: Readonly<Record<Verb, string>> = {
  identify: 'call its API',
  users: 'read its users',
  describe: 'read the fields',
  changedSince: 'read records',
  readRecords: 'read records',
  writeTasks: 'write tasks',
  findTasks: 'read tasks',
  writeOwners: 'write owners',
}

/** Turns what becomes of a connection's calls into notices: raised when they fail, ended when they work again. */
export function watchCalls(
  board: NoticeBoard,
  connection: NoticeConnection,
  options: { readonly nowMs: () => number; readonly waitingWrites: () => Promise<number> },
): CallWatch {
  const { nowMs } = options
  const { id } = connection
  /** Failures in a row, per verb: what works beside an outage does not end it. */
  const failing = new Map<Verb, { readonly sinceMs: number; readonly n: number }>()
  let outage: { readonly sinceMs: number; readonly answer: string } | null = null
  let workedAtMs = 0
  let isInDoubt = false
  const seen = new Map<string, { shown: Set<string>; hidden: Set<string>; doubted: Set<string> }>()

  function worked(verb: Verb, subject: string): void {
    workedAtMs = nowMs()
    failing.delete(verb)
    if (board.openOf(id).length === 0) return
    const isOver = ![...failing.values()].some(({ n }) => n >= OUTAGE_AFTER_CALLS)
    if (isOver && outage !== null) endOutage(outage)
    const message = ENDINGS.reconnect({ ...connection, atMs: workedAtMs })
    for (const about of ['', verb, subject]) board.end(id, 'reconnect', about, message)
  }

  function endOutage({ sinceMs, answer }: { readonly sinceMs: number; readonly answer: string }): void {
    outage = null
    const untilMs = workedAtMs
    const say = (writes: number) =>
      board.end(id, 'outage', '', ENDINGS.outage({ ...connection, fromMs: sinceMs, untilMs, answer, writes }))
    options.waitingWrites().then(say, () => say(0))
  }

  function failed(verb: Verb, subject: string, error: unknown, writes: number): void {
    if (error instanceof CrmBusyError) busy(verb, error)
    else if (error instanceof CrmReconnectError) accessRevoked(verb, error)
    else if (error instanceof CrmRefusedError) refused(verb, subject, error)
    else if (error instanceof CrmUnknownError) {
      unanswered(verb, error.message)
      if (writes > 0) lost(writes, error.message)
    }
  }

  function refused(verb: Verb, subject: string, error: CrmRefusedError): void {
    if (verb === 'changedSince' || verb === 'readRecords') isInDoubt = true
    // A refused id, task or owner is that item's own affair. That nobody may list an object is the connection's.
    if (verb !== 'users' && verb !== 'describe' && verb !== 'changedSince') return
    const [, object] = subject.split('/')
    const does = object ? `${DOES[verb]} of ${object}` : DOES[verb]
    const said = shortly(error.message)
    board.raise(
      connection,
      { code: 'reconnect', subject },
      SENTENCES['reconnect/refused']({ ...connection, does, said }),
    )
  }

  function unanswered(verb: Verb, why: string): void {
    const atMs = nowMs()
    const answer = answerInWords(why)
    if (statusOf(why)?.startsWith('2')) {
      board.raise(connection, { code: 'odd-answers' }, SENTENCES['odd-answers']({ ...connection, answer }))
      return
    }
    const before = failing.get(verb)
    const now = { sinceMs: before?.sinceMs ?? atMs, n: (before?.n ?? 0) + 1 }
    failing.set(verb, now)
    if (now.n < OUTAGE_AFTER_CALLS) return
    outage = { sinceMs: Math.min(now.sinceMs, outage?.sinceMs ?? atMs), answer }
    board.raise(connection, { code: 'outage' }, SENTENCES.outage({ ...connection, ...outage }))
  }

  function lost(writes: number, why: string): void {
    const known = board.find(id, 'lost-answer')
    board.raise(
      connection,
      { code: 'lost-answer', n: writes },
      SENTENCES['lost-answer']({
        ...connection,
        writes: (known?.happened ?? 0) + writes,
        atMs: nowMs(),
        why: `it ${answerInWords(why)}`,
      }),
    )
  }

  function busy(verb: Verb, error: CrmBusyError): void {
    const untilMs = error.retryAtMs
    const waitMs = untilMs - nowMs()
    // A pause that the CRM asks for after a 5xx is one of its failures, not our many calls.
    if (isUnreachable(error) || statusOf(error.message)?.startsWith('5')) {
      unanswered(verb, error.message)
      return
    }
    if (error.cause instanceof NoAllowanceError && waitMs < OWN_WAIT_MS) return
    const isDay = waitMs >= DAY_WAIT_MS
    board.raise(
      connection,
      { code: 'busy', subject: isDay ? 'day' : '' },
      SENTENCES[isDay ? 'busy/day' : 'busy']({ ...connection, untilMs }),
    )
  }

  function accessRevoked(verb: Verb, error: CrmReconnectError): void {
    const { remedy } = error
    // One permission of several: other calls go on, and only the same call tells that it is back.
    if (/scope/i.test(remedy)) {
      board.raise(
        connection,
        { code: 'reconnect', subject: verb },
        SENTENCES['reconnect/verb']({ ...connection, does: DOES[verb], remedy }),
      )
      return
    }
    board.raise(connection, { code: 'reconnect' }, SENTENCES.reconnect({ ...connection, remedy }))
  }

  function outcomes(verb: Verb, items: readonly ItemOutcome[]): void {
    const scopes = items.map((item) => (item.outcome === 'retry' ? missingScopes(item.why) : undefined)).find(Boolean)
    if (scopes !== undefined) {
      const remedy = `Add the missing scopes (${scopes}) to the ${crmProfile(connection.crm).title} app and install it again.`
      const message = SENTENCES['reconnect/verb']({ ...connection, does: DOES[verb], remedy })
      board.raise(connection, { code: 'reconnect', subject: verb }, message)
    }
    const unknown = items.filter((item) => item.outcome === 'unknown')
    const [first] = unknown
    if (first === undefined) return
    lost(unknown.length, first.why)
    if (unknown.length === items.length) unanswered(verb, first.why)
  }

  /** By what the CRM's answers say of their own time, and by records that were changed later than it is here. */
  function checkClock(events: readonly ChangeEvent[], saidAheadMs: number | null): void {
    let latestMs = 0
    for (const { occurredAtMs } of events) if (occurredAtMs > latestMs) latestMs = occurredAtMs
    if (latestMs === 0 && saidAheadMs === null) return
    const aheadMs = Math.max(latestMs - nowMs(), saidAheadMs ?? Number.NEGATIVE_INFINITY)
    if (aheadMs > CLOCK_OFF_MS) {
      board.raise(connection, { code: 'clock' }, SENTENCES.clock({ ...connection, aheadMs }))
      return
    }
    if (saidAheadMs !== null && saidAheadMs < -CLOCK_OFF_MS) {
      board.raise(connection, { code: 'clock' }, SENTENCES['clock/behind']({ ...connection, behindMs: -saidAheadMs }))
      return
    }
    const open = board.find(id, 'clock')
    if (open !== undefined && nowMs() - open.lastMs >= CLOCK_RIGHT_AFTER_MS) board.end(id, 'clock', '', ENDINGS.clock())
  }

  async function noted<Answer>(
    { verb, object = '', writes = 0 }: { readonly verb: Verb; readonly object?: string; readonly writes?: number },
    call: () => Promise<Answer>,
    hasWorked: (answer: Answer) => boolean = () => true,
  ): Promise<Answer> {
    const subject = object === '' ? verb : `${verb}/${object}`
    let answer: Answer
    try {
      answer = await call()
    } catch (error) {
      failed(verb, subject, error, writes)
      throw error
    }
    if (hasWorked(answer)) worked(verb, subject)
    return answer
  }

  /** Without an answer to any of its rows a write has not worked, although it returned. */
  function notedItems(verb: Verb, items: readonly ItemOutcome[]): boolean {
    outcomes(verb, items)
    if (items.some((item) => item.outcome === 'retry' && missingScopes(item.why) !== undefined)) return false
    return items.length === 0 || items.some(({ outcome }) => outcome !== 'unknown' && outcome !== 'retry')
  }

  function notedPage(object: string, page: ChangedPage, saidAheadMs: number | null): boolean {
    checkClock(page.events, saidAheadMs)
    const { shown, hidden, doubted } = seenAt(object)
    for (const field of page.unreadable) {
      shown.delete(field)
      hidden.add(field)
      if (doubted.has(field)) continue
      doubted.add(field)
      isInDoubt = true
    }
    for (const { fields } of page.events) {
      for (const field in fields) {
        if (page.unreadable.includes(field)) continue
        hidden.delete(field)
        // A value that is kept from us is a blank where there is none: only a value says that the field may be read again.
        if (fields[field] === null || shown.has(field)) continue
        shown.add(field)
        if (doubted.delete(field)) isInDoubt = true
      }
    }
    return true
  }

  function seenAt(object: string) {
    const known = seen.get(object) ?? { shown: new Set(), hidden: new Set(), doubted: new Set() }
    seen.set(object, known)
    return known
  }

  return {
    watch: (client) => ({
      ...client,
      identify: () => noted({ verb: 'identify' }, () => client.identify()),
      users: () => noted({ verb: 'users' }, () => client.users()),
      describe: (object) => noted({ verb: 'describe', object }, () => client.describe(object)),
      changedSince: (query) =>
        noted(
          { verb: 'changedSince', object: query.objectType },
          () => client.changedSince(query),
          (page) => notedPage(query.objectType, page, client.clockAheadMs()),
        ),
      readRecords: (query) => noted({ verb: 'readRecords' }, () => client.readRecords(query)),
      writeTasks: (tasks) =>
        noted(
          { verb: 'writeTasks', writes: tasks.length },
          () => client.writeTasks(tasks),
          (items) => notedItems('writeTasks', items),
        ),
      findTasks: (keys) => noted({ verb: 'findTasks' }, () => client.findTasks(keys)),
      writeOwners: (writes) =>
        noted(
          { verb: 'writeOwners', writes: writes.length },
          () => client.writeOwners(writes),
          (items) => notedItems('writeOwners', items),
        ),
    }),
    takeDoubt() {
      const doubted = isInDoubt
      isInDoubt = false
      return doubted
    },
    seenOf: seenAt,
    workedAtMs: () => workedAtMs,
  }
}

/** The HTTP status that an adapter's sentence names. Only for words: what is done about it hangs on the error's class. */
function statusOf(why: string): string | undefined {
  return /(?:answered|HTTP) (\d{3})\b/.exec(why)?.[1]
}

/** A batch that is refused for a scope is given back row by row, to be written when the scope is there. */
function missingScopes(why: string): string | undefined {
  return /Missing scopes: (.+)$/.exec(why)?.[1]
}

function answerInWords(why: string): string {
  const status = statusOf(why)
  return status === undefined ? 'did not answer, or broke off' : `answered ${status}`
}

/** No connection came about, so nothing was sent. Adapters call that busy, because it is as safe to do again. */
function isUnreachable(error: CrmBusyError): boolean {
  for (let cause: unknown = error.cause, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    if ('code' in cause && typeof cause.code === 'string' && UNREACHABLE.has(cause.code)) return true
  }
  return false
}

const UNREACHABLE: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** The CRM's own words, short enough for a sentence, and no longer than a code where they might quote a record. */
function shortly(text: string): string {
  const line = text.split('\n')[0]!.trim()
  return line.length <= 160 ? line : `${line.slice(0, 159)}…`
}
