import { READINESS_LOCK, refreshReadinessIn } from '../people/refresh-readiness.ts'
import { retireAllBut } from '../pipeline/decide/publish-policies.ts'
import type { Database, DatabaseTransaction } from '../store/database/database.ts'
import { stageLock } from '../store/database/locks.ts'
import { inTransaction } from '../store/database/transaction.ts'
import { endModes } from '../store/decisions/mode-changes.ts'
import { lockPermits } from '../store/decisions/workflow-connections.ts'
import { noteInLedger } from '../store/ledger/note-in-ledger.ts'
import { endCast } from '../store/people/end-cast.ts'
import { refreshLaneHolders } from '../store/people/lane-holders.ts'
import { endApprovals } from '../store/publishing/approvals.ts'
import { openDrafts, setDraftState } from '../store/publishing/drafts.ts'
import { endAllMarks } from '../store/publishing/marks.ts'
import {
  addPublications,
  type DocumentName,
  documentsInForce,
  documentsOfExamples,
  type NewPublication,
} from '../store/publishing/publications.ts'
import { contentHash, inForceOf, workflowOf } from './documents.ts'
import { SEQUENCE_LOCK } from './put-in-force.ts'

/**
 * What the sandbox seeded leaves this database, because a CRM of one's own is connected here from now on: the example
 * workflows with their cases, the shared files beside them, every draft, every mark, how far workflows could go, and the cast
 * with its jobs. Also what the cast published: it is about the same company. Returns the workflows that ended; asked again it changes nothing.
 */
export async function endExamples(db: Database): Promise<{ readonly changed: readonly string[] }> {
  if ((await examplesIn(db)).length === 0) return { changed: [] }
  return inTransaction(db, async (trx) => {
    await stageLock(trx, READINESS_LOCK)
    await lockPermits(trx, { connections: null, workflows: null })
    await stageLock(trx, SEQUENCE_LOCK)
    const examples = await examplesIn(trx)
    if (examples.length === 0) return { changed: [] }
    const seq = await addPublications(
      trx,
      examples.map(({ document, seq: baseSeq }) => ended(document, baseSeq)),
    )
    const workflows = examples.flatMap(({ document }) => workflowOf(document) ?? [])
    const stay = [...inForceOf(await documentsInForce(trx)).documents.keys()].flatMap((name) => workflowOf(name) ?? [])
    await retireAllBut(trx, stay)
    await endDrafts(trx)
    const people = await endCast(trx, 'lanekeeper')
    await endAllMarks(trx, 'lanekeeper', 'examples-ended')
    await endModes(trx, workflows)
    for (const one of ['', ...workflows]) await refreshLaneHolders(trx, one)
    await refreshReadinessIn(trx, null)
    const body = { seq, documents: examples.map(({ document }) => document), people }
    await noteInLedger(trx, [{ kind: 'examples-ended', actor: 'lanekeeper', subject: 'installation', body }])
    return { changed: workflows }
  })
}

/**
 * Everything in force, as long as anything is that the sandbox's files put there: until then it was a sandbox, and what its
 * cast published under other names is about the same company.
 */
async function examplesIn(db: Database | DatabaseTransaction): Promise<{ document: DocumentName; seq: number }[]> {
  const seeded = await documentsOfExamples(db)
  const inForce = [...inForceOf(await documentsInForce(db)).documents.values()]
  return inForce.some(({ document }) => seeded.has(document)) ? inForce : []
}

function ended(document: DocumentName, baseSeq: number): NewPublication {
  const by = 'lanekeeper'
  return {
    document,
    contentHash: contentHash(null),
    content: null,
    source: '',
    baseSeq,
    how: 'ended',
    draftId: null,
    by,
  }
}

async function endDrafts(trx: DatabaseTransaction): Promise<void> {
  for (const { id } of await openDrafts(trx)) {
    await endApprovals(trx, id, 'withdrawn')
    await setDraftState(trx, id, { state: 'withdrawn', by: 'lanekeeper', reason: 'examples-ended' })
  }
}
