import { setTimeout as wait } from 'node:timers/promises'
import { canonicalJson } from '../model/policy/canonical.ts'
import { type ConnectionRow, findConnection } from '../store/connections.ts'
import { closeWork, ENDED, eraseSecrets, leaveNeighbours, markDisconnected } from '../store/end-connection.ts'
import { eraseHistory, requestErasure } from '../store/erase-history.ts'
import { appendLedger, type LedgerEntry } from '../store/ledger.ts'
import { endAllNotices } from '../store/notices.ts'
import { inTransaction } from '../store/transaction.ts'
import { type ConnectDeps, NAMES } from './connect-crm.ts'
import { NotThereError } from './connect-errors.ts'
import { problemOf } from './connect-problem.ts'
import { openConnection } from './open-connection.ts'

/** A CRM that does not answer must not keep anybody from ending the connection. */
const REVOKE_WITHIN_MS = 30_000

/**
 * Ends a connection: nobody uses it any more, the grant is given back as far as the CRM takes it, credentials and tokens
 * are erased, what waits is cancelled. Tasks in the CRM are left. `says` tells what happened, sentence by sentence. Called
 * again after a failure, it goes on where it was.
 */
export async function disconnect(
  deps: ConnectDeps,
  connectionId: string,
  { history, by }: { readonly history: 'keep' | 'erase'; readonly by: string },
): Promise<{ readonly says: readonly string[] }> {
  const { db } = deps
  const row = await findConnection(db, connectionId)
  if (!row) throw new NotThereError(`There is no connection "${connectionId}".`)
  const says: string[] = []
  const isFirst = await markDisconnected(db, connectionId, `Ended by ${by}.`)
  if (!isFirst && row.credentials === null) says.push(`"${row.title}" was disconnected before.`)
  const revoked = row.credentials === null ? null : await giveBack(deps, row)
  if (revoked) says.push(revoked.says)
  await eraseSecrets(db, connectionId)
  if (revoked) says.push('The credentials and tokens kept here were erased.')

  if (isFirst || row.credentials !== null) {
    const ended = await inTransaction(db, async (trx) => {
      const closed = await closeWork(trx, connectionId)
      await endAllNotices(trx, connectionId, 'The connection was ended.')
      const at = new Date(deps.nowMs())
      const { cases, intents, tasks } = closed
      await appendLedger(trx, [
        ...(history === 'keep' ? cases.map((one) => closedCase(at, connectionId, by, one)) : []),
        {
          at,
          kind: 'connection-ended',
          actor: by,
          subject: connectionId,
          body: canonicalJson({
            cancelledWrites: intents,
            closedCases: cases.length,
            history,
            revoked: revoked?.revoked ?? false,
            tasksLeft: tasks,
          }),
        },
      ])
      return closed
    })
    says.push(
      `${count(ended.cases.length, 'open case')} closed, ${count(ended.intents, 'waiting write')} cancelled. ` +
        `${count(ended.tasks, 'task')} stay${ended.tasks === 1 ? 's' : ''} in ${NAMES[row.crm]} as ${ended.tasks === 1 ? 'it is' : 'they are'}.`,
    )
  }
  await leaveNeighbours(db, connectionId)
  says.push(history === 'erase' ? await erase(deps, row, by, isFirst) : 'What was read and decided is kept.')
  if (row.madeBy === 'environment') {
    says.push('Its settings are in the environment: take them out, or the next start connects it again.')
  }
  return { says }
}

async function erase(deps: ConnectDeps, row: ConnectionRow, by: string, isFirst: boolean): Promise<string> {
  const { db } = deps
  await requestErasure(db, row.id)
  const rows = await eraseHistory(db, row.id)
  // Asked for later than the end, it is an act of its own.
  if (!isFirst) {
    await inTransaction(db, (trx) =>
      appendLedger(trx, [
        {
          at: new Date(deps.nowMs()),
          kind: 'connection-ended',
          actor: by,
          subject: row.id,
          body: canonicalJson({ history: 'erase' }),
        },
      ]),
    )
  }
  return `What was read and decided was erased (${count(rows, 'row')}); the ledger keeps its hashes without the words.`
}

type GivenBack = { readonly revoked: boolean; readonly says: string }

async function giveBack(deps: ConnectDeps, row: ConnectionRow): Promise<GivenBack> {
  const crm = NAMES[row.crm]
  const stop = new AbortController()
  try {
    const { setup } = openConnection(deps, row)
    const late = wait(REVOKE_WITHIN_MS, null, { signal: stop.signal }).catch(() => null)
    const answer = await Promise.race([setup.revoke(), late])
    return (
      answer ?? { revoked: false, says: `${crm} did not answer in time, so end our access there: ${WHERE[row.crm]}` }
    )
  } catch (error) {
    // Neither the grant nor the tokens are in an adapter's error; what the CRM repeats is not shown at all.
    const isOurs = problemOf(error, crm, []) === null
    return {
      revoked: false,
      says: `The access could not be given back${isOurs ? '' : `, because ${crm} did not take it`}; end it there: ${WHERE[row.crm]}`,
    }
  } finally {
    stop.abort()
  }
}

const WHERE = {
  hubspot: 'Settings, Integrations, Connected apps.',
  salesforce: 'Setup, Connected Apps OAuth Usage.',
} as const

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
