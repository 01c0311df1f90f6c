import { reloadPolicy } from '../config/policies/policy-files.ts'
import { refreshReadinessIn } from '../people/refresh-readiness.ts'
import { askForFields, type PolicyFiles, publishPolicies } from '../pipeline/decide/publish-policies.ts'
import type { Database, DatabaseTransaction } from '../store/database/database.ts'
import { stageLock } from '../store/database/locks.ts'
import { inTransaction } from '../store/database/transaction.ts'
import { policiesInForce } from '../store/decisions/policies.ts'
import { policySources } from '../store/decisions/policy-sources.ts'
import { noteInLedger } from '../store/ledger/note-in-ledger.ts'
import { beginJobs, jobsOf } from '../store/people/jobs.ts'
import { endApprovals } from '../store/publishing/approvals.ts'
import { type Draft, draftsToPutInForce, findDraft, lockDraft, setDraftState } from '../store/publishing/drafts.ts'
import {
  addPublications,
  type DocumentName,
  documentsInForce,
  type NewPublication,
  type Publication,
  sequenceInForce,
} from '../store/publishing/publications.ts'
import { objectsBeingRead } from '../store/records/watermarks.ts'
import {
  COMPANY_NAMES,
  companyOf,
  contentHash,
  inForceOf,
  ownContent,
  policiesWith,
  versionOf,
  workflowOf,
} from './documents.ts'

/** Whoever adds to the sequence waits for it. */
export const SEQUENCE_LOCK = 'publication'

/** Somebody else put another version in force between our reading and our transaction. */
class SequenceMovedError extends Error {
  override readonly name = 'SequenceMovedError'
}

const TRIES_MAX = 5

/**
 * One turn of what brings approved drafts into force: their fields are asked for, and once those are read, the version is in
 * force for every process at its next batch. Any process may run it, and two at once do each step once.
 */
export async function publishApproved(db: Database): Promise<{ readonly inForce: readonly number[] }> {
  const inForce: number[] = []
  for (const { id, state } of await draftsToPutInForce(db)) {
    if (state === 'approved') await prepare(db, id)
    const seq = await putInForceIfRead(db, id)
    if (seq !== null) inForce.push(seq)
  }
  return { inForce }
}

/** From here on its fields are read with every poll, and objects that lack one are read from the start. */
async function prepare(db: Database, id: number): Promise<void> {
  await inTransaction(db, async (trx) => {
    const draft = await lockDraft(trx, id)
    if (draft?.state !== 'approved') return
    const prepared = policiesWith(inForceOf(await documentsInForce(trx)), draft)
    await setDraftState(trx, id, { state: 'preparing', prepared })
  })
  const inForce = await policiesInForce(db)
  await askForFields(
    db,
    inForce.map(({ policy }) => policy),
  )
}

async function putInForceIfRead(db: Database, id: number): Promise<number | null> {
  for (let attempt = 1; ; attempt += 1) {
    const draft = await findDraft(db, id)
    if (draft?.state !== 'preparing' || (await waitsFor(db, draft)).length > 0) return null
    try {
      return await putDraftInForce(db, draft)
    } catch (error) {
      if (!(error instanceof SequenceMovedError) || attempt >= TRIES_MAX) throw error
    }
  }
}

/** Objects that are still to be read before this draft comes into force. */
export async function waitsFor(
  db: Database,
  draft: Pick<Draft, 'document' | 'content' | 'source'>,
): Promise<{ readonly title: string; readonly objectType: string }[]> {
  const waiting = await objectsBeingRead(db)
  if (waiting.length === 0) return []
  const policies = policiesWith(inForceOf(await documentsInForce(db)), draft)
  const crms = new Set(policies.flatMap(({ objects }) => objects.map(({ crm }) => crm as string)))
  return waiting.filter(({ crm }) => crms.has(crm))
}

/** M41: in one commit it gets the next number, and every process decides by it from its next batch on. */
async function putDraftInForce(db: Database, draft: Draft): Promise<number | null> {
  const before = await documentsInForce(db)
  const base = inForceOf(before).documents.get(draft.document)?.seq ?? null
  if (base !== draft.baseSeq) {
    await giveBack(db, draft)
    return null
  }
  const { document, content, source, baseSeq, how, id: draftId } = draft
  const hash = contentHash(content)
  const addition = { document, contentHash: hash, content, source, baseSeq, how, draftId, by: 'lanekeeper' }
  return putInForce(db, before, [addition], async (trx, seq) => {
    const now = await lockDraft(trx, draft.id)
    if (now?.state !== 'preparing' || now.hash !== draft.hash) throw new SequenceMovedError()
    await setDraftState(trx, draft.id, { state: 'in-force', seq, by: 'lanekeeper' })
    await takeJobs(trx, document)
  })
}

/** People took the jobs of a workflow before there was one, so they count from its first moment on. */
async function takeJobs(trx: DatabaseTransaction, document: DocumentName): Promise<void> {
  const workflow = workflowOf(document)
  if (workflow === null || (await jobsOf(trx, { workflow })).length === 0) return
  await beginJobs(trx, workflow)
  await refreshReadinessIn(trx, workflow)
}

/** Another version took its place while its fields were read: what was approved is not what it would change now. */
async function giveBack(db: Database, { id }: Draft): Promise<void> {
  await inTransaction(db, async (trx) => {
    const draft = await lockDraft(trx, id)
    if (draft?.state !== 'preparing') return
    await endApprovals(trx, id, 'rebased')
    await setDraftState(trx, id, { state: 'draft' })
    const body = { draft: id, because: 'base-moved' }
    await noteInLedger(trx, [{ kind: 'draft-given-back', actor: 'lanekeeper', subject: draft.document, body }])
  })
}

/**
 * Adds to the sequence and puts everything that is in force then into the pipeline, in one transaction. `before` is what was
 * read: where the sequence moved since, nothing happens and it throws.
 */
export async function putInForce(
  db: Database,
  before: readonly Publication[],
  additions: readonly NewPublication[],
  within: (trx: DatabaseTransaction, seq: number) => Promise<void> = async () => undefined,
): Promise<number> {
  const documents = new Map(
    before.filter(({ how }) => how !== 'ended').map((one) => [one.document, one as NewPublication]),
  )
  for (const one of additions) documents.set(one.document, one)
  let seq = 0
  // What two people approved for the first time, its owner raises once they have seen what it would do.
  const atFirst = additions.every(({ how }) => how === 'seeded') ? ('as-written' as const) : ('observe' as const)
  await publishPolicies(db, { ...(await filesOf(db, documents)), atFirst }, undefined, async (trx) => {
    await stageLock(trx, SEQUENCE_LOCK)
    if ((await sequenceInForce(trx)) !== inForceOf(before).seq) throw new SequenceMovedError()
    seq = await addPublications(trx, additions)
    await within(trx, seq)
    await noteInLedger(
      trx,
      additions.map(({ document, contentHash: hash, how, by, draftId }) => {
        return { kind: 'version-in-force', actor: by, subject: document, body: { seq, hash, how, draft: draftId } }
      }),
    )
  })
  return seq
}

/** What is published, read by the code of this process: at its start, where its code may read in another way. */
export async function runWhatIsPublished(db: Database): Promise<{ readonly changed: string[] }> {
  const { documents } = inForceOf(await documentsInForce(db))
  if (documents.size === 0) return { changed: [] }
  return publishPolicies(db, await filesOf(db, documents))
}

/** In the form that the pipeline takes, with the file names it knows the workflows by. */
async function filesOf(db: Database, documents: ReadonlyMap<DocumentName, NewPublication>): Promise<PolicyFiles> {
  const { company } = inForceOf([...documents.values()].map((one) => ({ ...one, seq: 0, inForceAt: new Date(0) })))
  const files = new Map((await policySources(db)).map(({ policy, file }) => [policy.workflow, file]))
  const loaded = [...documents.values()].flatMap((one) => {
    const workflow = workflowOf(one.document)
    if (workflow === null) return []
    return [{ file: files.get(workflow) ?? one.document, source: one.source, version: versionOf(one, company) }]
  })
  return { loaded, refused: [], reload: reloadPolicy }
}

/** What runs when publishing begins becomes the first number of the sequence. True: it did. */
export async function adoptWhatRuns(db: Database): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    await stageLock(trx, SEQUENCE_LOCK)
    if ((await sequenceInForce(trx)) > 0) return false
    const running = await policySources(trx)
    const [first] = running
    if (first === undefined) return false
    const of = (document: DocumentName, content: unknown, source: string): NewPublication => {
      const hash = contentHash(content)
      const how = 'before-publishing' as const
      return { document, contentHash: hash, content, source, baseSeq: null, how, draftId: null, by: 'lanekeeper' }
    }
    const company = companyOf(first.policy)
    const additions = [
      ...running.map(({ policy, source }) => of(`workflow:${policy.workflow}`, ownContent(policy), source)),
      ...COMPANY_NAMES.map((name) => of(`company:${name}`, company[name], '')),
    ]
    const seq = await addPublications(trx, additions)
    await noteInLedger(trx, [
      {
        kind: 'version-in-force',
        actor: 'lanekeeper',
        subject: 'installation',
        body: { seq, how: 'before-publishing' },
      },
    ])
    return true
  })
}
