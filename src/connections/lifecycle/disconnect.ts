import { setTimeout as wait } from 'node:timers/promises'
import { canonicalJson } from '../../model/policy/canonical.ts'
import { crmTitle } from '../../model/record/crm-profile.ts'
import { type ConnectionRow, findConnection } from '../../store/connections/connections.ts'
import { changeLife } from '../../store/connections/lifecycle-lock.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { appendLedger } from '../../store/ledger/ledger.ts'
import { markDisconnected, openWork } from '../../store/lifecycle/end-connection.ts'
import { requestErasure, unfinishedErasure } from '../../store/lifecycle/erase-history.ts'
import { endAllNotices } from '../../store/notices/notices.ts'
import type { ConnectDeps } from '../context.ts'
import { NotThereError } from '../errors.ts'
import { closeWork } from './close-work.ts'
import { finishDisconnect, type Settled } from './finish-disconnect.ts'

/** A person waits no longer for the answer; what is not done by then goes on in the background. */
const ANSWER_WITHIN_MS = 20_000

/**
 * Ends a connection: nobody uses it any more, what waits is cancelled, the grant is given back as far as the CRM takes it,
 * credentials and tokens are erased. Tasks in the CRM are left. `says` tells what happened, sentence by sentence.
 *
 * The end itself is one commit. What comes after it (`closeWork`, `finishDisconnect`) takes its time, of which the caller
 * waits for a little. The workers go on with it when this process dies, as does the next call.
 */
export async function disconnect(
  deps: ConnectDeps,
  connectionId: string,
  {
    history,
    by,
    answerWithinMs = ANSWER_WITHIN_MS,
    still = async () => undefined,
  }: {
    readonly history: 'keep' | 'erase'
    readonly by: string
    readonly answerWithinMs?: number
    /** Asked in the transaction that ends it; throws where whoever asked may no longer. */
    readonly still?: (trx: DatabaseTransaction) => Promise<void>
  },
): Promise<{ readonly message: readonly string[] }> {
  const { db } = deps
  const ended = await inTransaction(db, async (trx) => {
    await still(trx)
    return end(trx, { connectionId, history, by, at: new Date(deps.nowMs()) })
  })
  if (!ended) throw new NotThereError(`There is no connection "${connectionId}".`)
  const { row, isFirst, closed } = ended
  const message: string[] = []
  if (!isFirst) message.push(`"${row.title}" was disconnected before.`)
  const settled = await within(answerWithinMs, doTheRest(deps, connectionId))
  const left = settled === null ? await leftToClose(deps, connectionId) : 0
  if (settled?.revokedGrant)
    message.push(settled.revokedGrant.message, 'The credentials and tokens kept here were erased.')
  if (isFirst || closed.n > 0) message.push(closed.says(left === 0))
  message.push(await historySays(deps, connectionId, { history, erased: settled?.erased ?? null }))
  if (settled === null) message.push(restSays(left))
  if (row.madeBy === 'environment') {
    message.push(
      'Its settings are still in the environment. They do not connect it again: a person does, at Connections.',
    )
  }
  return { message }
}

/** Open work by itself, because another process may be at the rest of it and take minutes. */
async function doTheRest(deps: ConnectDeps, connectionId: string): Promise<Settled | null> {
  await closeWork(deps, connectionId)
  return finishDisconnect(deps, connectionId)
}

/** Null: it takes longer, and goes on. What fails then is done by the workers. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | null> {
  const waiting = new AbortController()
  work.catch(() => undefined)
  try {
    return await Promise.race([work, wait(ms, null, { signal: waiting.signal })])
  } finally {
    waiting.abort()
  }
}

async function leftToClose({ db }: ConnectDeps, connectionId: string): Promise<number> {
  const { cases, intents, tasks } = await openWork(db, connectionId)
  return cases + intents + tasks
}

/** How far it is. */
function restSays(left: number): string {
  const isClosing =
    left > 0 ? ` ${count(left, 'open case, write or task', 'open cases, writes and tasks')} are left to close.` : ''
  return `The rest of it is being done in the background; call this again to see how far it is.${isClosing}`
}

type Ended = {
  readonly row: ConnectionRow
  readonly isFirst: boolean
  readonly closed: { readonly n: number; readonly says: (isThrough: boolean) => string }
}

/** Null: there is no such connection. Done again, it says what is open and asks for the erasure, if anything is. */
async function end(
  trx: DatabaseTransaction,
  { connectionId, history, by, at }: { connectionId: string; history: 'keep' | 'erase'; by: string; at: Date },
): Promise<Ended | null> {
  await changeLife(trx, connectionId)
  const row = await findConnection(trx, connectionId)
  if (!row) return null
  const isFirst = await markDisconnected(trx, connectionId, { reason: `Ended by ${endedBy(by)}.`, by })
  const { cases, intents, tasks } = await openWork(trx, connectionId)
  await endAllNotices(trx, connectionId, 'The connection was ended.')
  const isErasureNew = history === 'erase' && (await requestErasure(trx, connectionId))
  const n = cases + intents + tasks
  if (isFirst || n > 0 || isErasureNew) {
    await appendLedger(trx, [
      {
        at,
        kind: 'connection-ended',
        actor: by,
        subject: connectionId,
        body: canonicalJson({ cancelledWrites: intents, closedCases: cases, history, tasksLeft: tasks }),
      },
    ])
  }
  const says = (isThrough: boolean) =>
    `${count(cases, 'open case')} ${isThrough ? 'closed' : 'to be closed'}, ` +
    `${count(intents, 'waiting write')} ${isThrough ? 'cancelled' : 'to be cancelled'}. ` +
    `${count(tasks, 'task')} stay${tasks === 1 ? 's' : ''} in ${crmTitle(row.crm)} as ${tasks === 1 ? 'it is' : 'they are'}.`
  return { row, isFirst, closed: { n, says } }
}

function endedBy(by: string): string {
  return by.startsWith('person:') ? 'an admin' : `the ${by.split(':')[0]}`
}

async function historySays(
  { db }: ConnectDeps,
  connectionId: string,
  { history, erased }: { readonly history: 'keep' | 'erase'; readonly erased: number | null },
): Promise<string> {
  const isUnfinished = (await unfinishedErasure(db, connectionId)) !== null
  if (isUnfinished) return 'What was read and decided is being erased; until that is over it cannot be connected again.'
  if (history === 'keep' && erased === null) return 'What was read and decided is kept.'
  return `What was read and decided was erased (${count(erased ?? 0, 'row')}); the ledger keeps its hashes without the words.`
}

function count(n: number, noun: string, nouns = `${noun}s`): string {
  return `${n.toLocaleString('en-US')} ${n === 1 ? noun : nouns}`
}
