import type { ChangedPage, CrmClient, ItemOutcome } from '../crm/crm-client.ts'
import { checkClock } from './clock-check.ts'
import { failureKind } from './failure-kind.ts'
import type { NoticeBoard, NoticeConnection } from './notice-board.ts'
import { createOutageTracker, type Outage, type OutageTracker } from './outage-tracker.ts'
import { createFieldWatch, type FieldWatch, type SeenFields } from './seen-fields.ts'
import { ENDINGS, SENTENCES, scopesRemedy } from './texts.ts'

export type CallWatch = {
  /** The same client; the results of its calls become notices. */
  watch(client: CrmClient): CrmClient
  /** Once after an object was refused as a whole, or came without fields: its fields may have changed. */
  takeDoubt(): boolean
  seenOf(objectType: string): SeenFields
  /** When a call last worked. 0: not yet. */
  workedAtMs(): number
}

type Verb =
  | 'identify'
  | 'users'
  | 'usersById'
  | 'describe'
  | 'changedSince'
  | 'readRecords'
  | 'writeTasks'
  | 'linkTasks'
  | 'findTasks'
  | 'writeOwners'

const DOES: Readonly<Record<Verb, string>> = {
  identify: 'call its API',
  users: 'read its users',
  usersById: 'read its users one by one',
  describe: 'read the fields',
  changedSince: 'read records',
  readRecords: 'read records',
  writeTasks: 'write tasks',
  linkTasks: 'link tasks to records',
  findTasks: 'read tasks',
  writeOwners: 'write owners',
}

type Options = { readonly nowMs: () => number; readonly waitingWrites: () => Promise<number> }

type Watching = Options & {
  readonly board: NoticeBoard
  readonly connection: NoticeConnection
  readonly outages: OutageTracker
  readonly fields: FieldWatch
  workedAtMs: number
  isInDoubt: boolean
}

type Call = { readonly verb: Verb; readonly object?: string; readonly writes?: number }

/** Turns the results of a connection's calls into notices: raised when calls fail, ended when they work again. */
export function watchCalls(board: NoticeBoard, connection: NoticeConnection, options: Options): CallWatch {
  const watching: Watching = {
    ...options,
    board,
    connection,
    outages: createOutageTracker(),
    fields: createFieldWatch(),
    workedAtMs: 0,
    isInDoubt: false,
  }
  return {
    watch: (client) => watched(client, watching),
    takeDoubt() {
      const { isInDoubt } = watching
      watching.isInDoubt = false
      return isInDoubt
    },
    seenOf: watching.fields.seenOf,
    workedAtMs: () => watching.workedAtMs,
  }
}

function watched(client: CrmClient, watching: Watching): CrmClient {
  const { linkTasks } = client
  const items = (verb: Verb) => (outcomes: readonly ItemOutcome[]) => notedItems(watching, verb, outcomes)
  return {
    ...client,
    identify: () => noted(watching, { verb: 'identify' }, () => client.identify()),
    users: () => noted(watching, { verb: 'users' }, () => client.users()),
    usersById: (userIds) =>
      noted(
        watching,
        { verb: 'usersById' },
        () => client.usersById(userIds),
        (answers) => answers.some(({ answer }) => answer !== 'unknown'),
      ),
    describe: (object) => noted(watching, { verb: 'describe', object }, () => client.describe(object)),
    changedSince: (query) =>
      noted(
        watching,
        { verb: 'changedSince', object: query.objectType },
        () => client.changedSince(query),
        (page) => notedPage(watching, query.objectType, page, client.clockAheadMs()),
      ),
    readRecords: (query) => noted(watching, { verb: 'readRecords' }, () => client.readRecords(query)),
    writeTasks: (tasks, gate) =>
      noted(
        watching,
        { verb: 'writeTasks', writes: tasks.length },
        () => client.writeTasks(tasks, gate),
        items('writeTasks'),
      ),
    ...(linkTasks && {
      linkTasks: (links, gate) =>
        noted(watching, { verb: 'linkTasks', writes: links.length }, () => linkTasks(links, gate), items('linkTasks')),
    }),
    findTasks: (keys) => noted(watching, { verb: 'findTasks' }, () => client.findTasks(keys)),
    writeOwners: (writes, gate) =>
      noted(
        watching,
        { verb: 'writeOwners', writes: writes.length },
        () => client.writeOwners(writes, gate),
        items('writeOwners'),
      ),
  }
}

async function noted<Answer>(
  watching: Watching,
  call: Call,
  send: () => Promise<Answer>,
  hasWorked: (answer: Answer) => boolean = () => true,
): Promise<Answer> {
  let answer: Answer
  try {
    answer = await send()
  } catch (error) {
    failed(watching, call, error)
    throw error
  }
  if (hasWorked(answer)) worked(watching, call)
  return answer
}

/** A notice about one kind of call, or about one object of it. */
function subjectOf({ verb, object = '' }: Call): string {
  return object === '' ? verb : `${verb}/${object}`
}

function worked(watching: Watching, call: Call): void {
  const { board, connection, outages } = watching
  watching.workedAtMs = watching.nowMs()
  outages.worked(call.verb)
  if (board.openOf(connection.id).length === 0) return
  const ended = outages.takeEnded()
  if (ended !== null) endOutage(watching, ended)
  const message = ENDINGS.reconnect({ ...connection, atMs: watching.workedAtMs })
  for (const subject of ['', call.verb, subjectOf(call)]) board.end(connection.id, 'reconnect', subject, message)
}

function endOutage({ board, connection, workedAtMs, waitingWrites }: Watching, { sinceMs, answer }: Outage): void {
  const end = (writes: number) => {
    const about = { ...connection, fromMs: sinceMs, untilMs: workedAtMs, answer, writes }
    board.end(connection.id, 'outage', '', ENDINGS.outage(about))
  }
  waitingWrites().then(end, () => end(0))
}

function failed(watching: Watching, call: Call, error: unknown): void {
  const { board, connection } = watching
  const failure = failureKind(error, watching.nowMs())
  switch (failure.kind) {
    case 'unanswered':
      unanswered(watching, call.verb, failure.status)
      if (failure.mayHaveWritten && call.writes) lostAnswer(watching, call.writes, failure.status)
      break
    case 'rate-limited': {
      const { untilMs, isDay } = failure
      const sentence = SENTENCES[isDay ? 'busy/day' : 'busy']({ ...connection, untilMs })
      board.raise(connection, { code: 'busy', subject: isDay ? 'day' : '' }, sentence)
      break
    }
    case 'permission-missing':
      permissionMissing(watching, call.verb, failure.remedy)
      break
    case 'access-revoked':
      board.raise(connection, { code: 'reconnect' }, SENTENCES.reconnect({ ...connection, remedy: failure.remedy }))
      break
    case 'refused':
      refused(watching, call, failure.message)
      break
    case 'none':
  }
}

/** Other calls go on, and only the same kind of call tells when the permission is back. */
function permissionMissing({ board, connection }: Watching, verb: Verb, remedy: string): void {
  const sentence = SENTENCES['reconnect/verb']({ ...connection, does: DOES[verb], remedy })
  board.raise(connection, { code: 'reconnect', subject: verb }, sentence)
}

function refused(watching: Watching, call: Call, message: string): void {
  const { board, connection } = watching
  const { verb, object } = call
  if (verb === 'changedSince' || verb === 'readRecords') watching.isInDoubt = true
  // A refused id, task or owner concerns that item only. A refused list concerns the connection.
  if (verb !== 'users' && verb !== 'describe' && verb !== 'changedSince') return
  const does = object ? `${DOES[verb]} of ${object}` : DOES[verb]
  const sentence = SENTENCES['reconnect/refused']({ ...connection, does, reason: shortly(message) })
  board.raise(connection, { code: 'reconnect', subject: subjectOf(call) }, sentence)
}

function unanswered({ board, connection, outages, nowMs }: Watching, verb: Verb, status: number | null): void {
  const answer = answerInWords(status)
  if (status !== null && status >= 200 && status < 300) {
    board.raise(connection, { code: 'odd-answers' }, SENTENCES['odd-answers']({ ...connection, answer }))
    return
  }
  const outage = outages.failed(verb, answer, nowMs())
  if (outage !== null) board.raise(connection, { code: 'outage' }, SENTENCES.outage({ ...connection, ...outage }))
}

function lostAnswer({ board, connection, nowMs }: Watching, n: number, status: number | null): void {
  const writes = (board.find(connection.id, 'lost-answer')?.happened ?? 0) + n
  const about = { ...connection, writes, atMs: nowMs(), answer: answerInWords(status) }
  board.raise(connection, { code: 'lost-answer', n }, SENTENCES['lost-answer'](about))
}

/** True: at least one row was answered. Without that a write has not worked, although it returned. */
function notedItems(watching: Watching, verb: Verb, items: readonly ItemOutcome[]): boolean {
  const scopes = items.map((item) => (item.outcome === 'retry' ? item.missingScopes : undefined)).find(Boolean)
  if (scopes !== undefined) permissionMissing(watching, verb, scopesRemedy(watching.connection, scopes))
  const unknown = items.filter((item) => item.outcome === 'unknown')
  const [first] = unknown
  if (first !== undefined) {
    const status = first.status ?? null
    lostAnswer(watching, unknown.length, status)
    if (unknown.length === items.length) unanswered(watching, verb, status)
  }
  if (scopes !== undefined) return false
  return (
    items.length === 0 ||
    items.some(({ outcome }) => outcome !== 'unknown' && outcome !== 'retry' && outcome !== 'withheld')
  )
}

function notedPage(watching: Watching, objectType: string, page: ChangedPage, aheadMs: number | null): boolean {
  const { board, connection, nowMs, fields } = watching
  checkClock(board, connection, nowMs(), { events: page.events, aheadMs })
  if (fields.note(objectType, page)) watching.isInDoubt = true
  return true
}

function answerInWords(status: number | null): string {
  return status === null ? 'did not answer' : `answered ${status}`
}

/** The CRM's own words, short enough for a sentence and, where they might quote a record, for a line. */
function shortly(text: string): string {
  const line = text.split('\n')[0]!.trim()
  return line.length <= 160 ? line : `${line.slice(0, 159)}…`
}
