import { canonicalJson } from '../../model/policy/canonical.ts'
import { crmTitle } from '../../model/record/crm-profile.ts'
import { type ConnectionRow, findConnection } from '../../store/connections/connections.ts'
import { closeWork, ENDED, markDisconnected } from '../../store/connections/end-connection.ts'
import { requestErasure, unfinishedErasure } from '../../store/connections/erase-history.ts'
import { changeLife } from '../../store/connections/lifecycle-lock.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { appendLedger, type LedgerEntry } from '../../store/ledger/ledger.ts'
import { endAllNotices } from '../../store/notices/notices.ts'
import type { ConnectDeps } from '../context.ts'
import { NotThereError } from '../errors.ts'
import { finishDisconnect } from './finish-disconnect.ts'

/**
 * Ends a connection: nobody uses it any more, what waits is cancelled, the grant is given back as far as the CRM takes it,
 * credentials and tokens are erased. Tasks in the CRM are left. `says` tells what happened, sentence by sentence.
 *
 * The end itself is one commit. What comes after it (`settleConnection`) takes its time, and is gone on with by the workers
 * when this process dies, or by calling again.
 */
export async function disconnect(
  deps: ConnectDeps,
  connectionId: string,
  { history, by }: { readonly history: 'keep' | 'erase'; readonly by: string },
): Promise<{ readonly message: readonly string[] }> {
  const { db } = deps
  const ended = await inTransaction(db, (trx) => end(trx, { connectionId, history, by, at: new Date(deps.nowMs()) }))
  if (!ended) throw new NotThereError(`There is no connection "${connectionId}".`)
  const { row, isFirst, closed } = ended
  const message: string[] = []
  if (!isFirst) message.push(`"${row.title}" was disconnected before.`)
  const settled = await finishDisconnect(deps, connectionId)
  if (settled?.revokedGrant)
    message.push(settled.revokedGrant.message, 'The credentials and tokens kept here were erased.')
  if (isFirst || closed.n > 0) message.push(closed.message)
  message.push(await historySays(deps, connectionId, { history, erased: settled?.erased ?? null }))
  if (settled === null) message.push('The rest of it is being done, and takes a few minutes at most.')
  if (row.madeBy === 'environment') {
    message.push(
      'Its settings are still in the environment. They do not connect it again: a person does, at Connections.',
    )
  }
  return { message }
}

type Ended = {
  readonly row: ConnectionRow
  readonly isFirst: boolean
  readonly closed: { readonly n: number; readonly message: string }
}

/** Null: there is no such connection. Done again, it closes what is open and asks for the erasure, if anything is. */
async function end(
  trx: DatabaseTransaction,
  { connectionId, history, by, at }: { connectionId: string; history: 'keep' | 'erase'; by: string; at: Date },
): Promise<Ended | null> {
  await changeLife(trx, connectionId)
  const row = await findConnection(trx, connectionId)
  if (!row) return null
  const isFirst = await markDisconnected(trx, connectionId, `Ended by ${by.split(':')[0]}.`)
  const { cases, intents, tasks } = await closeWork(trx, connectionId)
  await endAllNotices(trx, connectionId, 'The connection was ended.')
  const isErasureNew = history === 'erase' && (await requestErasure(trx, connectionId))
  const n = cases.length + intents + tasks
  if (isFirst || n > 0 || isErasureNew) {
    await appendLedger(trx, [
      ...(history === 'keep' ? cases.map((one) => closedCase(at, connectionId, by, one)) : []),
      {
        at,
        kind: 'connection-ended',
        actor: by,
        subject: connectionId,
        body: canonicalJson({ cancelledWrites: intents, closedCases: cases.length, history, tasksLeft: tasks }),
      },
    ])
  }
  const message =
    `${count(cases.length, 'open case')} closed, ${count(intents, 'waiting write')} cancelled. ` +
    `${count(tasks, 'task')} stay${tasks === 1 ? 's' : ''} in ${crmTitle(row.crm)} as ${tasks === 1 ? 'it is' : 'they are'}.`
  return { row, isFirst, closed: { n, message } }
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

function closedCase(
  at: Date,
  connectionId: string,
  by: string,
  one: Awaited<ReturnType<typeof closeWork>>['cases'][number],
): LedgerEntry {
  return {
    at,
    kind: 'exception-resolved',
    actor: by,
    subject: `${connectionId}/${one.objectType}/${one.recordId}`,
    body: canonicalJson({
      exception: one.id,
      workflow: one.workflow,
      pattern: one.pattern,
      resolution: ENDED,
      policy: one.policyHash,
    }),
  }
}

function count(n: number, noun: string): string {
  return `${n.toLocaleString('en-US')} ${noun}${n === 1 ? '' : 's'}`
}
