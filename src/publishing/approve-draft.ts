import type { Act, Actor, LaneHeld, Subject, Verdict } from '../model/authority/acts.ts'
import { type ApprovalsMissing, approvalsMissing } from '../model/authority/approvals.ts'
import { isPurelyNarrowing } from '../model/policy/diff/reach.ts'
import { ledgerActor, requireMay, verdictOn } from '../people/permitted.ts'
import { RefusedError } from '../people/refused.ts'
import { databaseNowMs } from '../store/database/clock.ts'
import type { Database, DatabaseTransaction } from '../store/database/database.ts'
import { inTransaction } from '../store/database/transaction.ts'
import { noteInLedger } from '../store/ledger/note-in-ledger.ts'
import { lanesHeld } from '../store/people/lane-holders.ts'
import { addApproval, approvalsOf, endApprovals } from '../store/publishing/approvals.ts'
import {
  type Draft,
  draftsUnderWay,
  insertDraft,
  lockDraft,
  setDraftState,
  textOfHash,
} from '../store/publishing/drafts.ts'
import { type DocumentName, publicationsOf } from '../store/publishing/publications.ts'
import { changesOf, draftHash, type InForce, readInForce } from './documents.ts'
import { lockedOpen, openDraft, subjectOf } from './edit-draft.ts'
import { PublishingError } from './errors.ts'

/** What a draft still wants, judged by who holds which job now. */
export type Needed = {
  /** One person of these is enough: it only narrows, or goes back to the version before. */
  readonly isAlone: boolean
  /** Infinite: the people are not there. */
  readonly count: number
  readonly whoMay: readonly string[]
  /** The workflows whose jobs do not reach, each with what to fill. */
  readonly vacant: readonly string[]
}

/** Who still has to say yes to this draft. */
export function neededFor(
  draft: Pick<Draft, 'document' | 'how' | 'authors' | 'content' | 'source'>,
  approvedBy: readonly string[],
  now: { readonly lanes: readonly LaneHeld[]; readonly nowMs: number; readonly inForce: InForce },
): Needed {
  const { workflows = [] } = subjectOf(draft.document, now.inForce)
  if (isAlone(draft, now.inForce)) return neededAlone(workflows, approvedBy, now)
  const each = workflows.map((workflow) => ({
    workflow,
    ...approvalsMissing('approve-publish', { workflow, authors: draft.authors, approvedBy }, now),
  }))
  return together(each, { isAlone: false })
}

type OfWorkflow = ApprovalsMissing & { readonly workflow: string }

function together(each: readonly OfWorkflow[], { isAlone: alone }: { readonly isAlone: boolean }): Needed {
  // Shared by no workflow yet: there is nobody whose yes it could have.
  if (each.length === 0) return { isAlone: alone, count: Number.POSITIVE_INFINITY, whoMay: [], vacant: [] }
  return {
    isAlone: alone,
    count: Math.max(...each.map(({ count }) => count)),
    whoMay: [...new Set(each.flatMap(({ whoMay }) => whoMay))],
    vacant: each.filter(({ count }) => count === Number.POSITIVE_INFINITY).map(({ workflow }) => workflow),
  }
}

function neededAlone(
  workflows: readonly string[],
  approvedBy: readonly string[],
  { lanes, nowMs }: { readonly lanes: readonly LaneHeld[]; readonly nowMs: number },
): Needed {
  const each = workflows.map((workflow): OfWorkflow => {
    const people = lanes
      .filter((held) => held.workflow === workflow && (held.lane === 'boundary' || held.lane === 'rollback'))
      .filter(({ untilMs }) => untilMs === null || untilMs > nowMs)
      .map(({ personId }) => personId)
    if (people.some((id) => approvedBy.includes(id))) return { workflow, count: 0, whoMay: [] }
    return { workflow, count: people.length === 0 ? Number.POSITIVE_INFINITY : 1, whoMay: [...new Set(people)] }
  })
  return together(each, { isAlone: true })
}

/** The way back to the version before, or a change that only narrows: one person is enough. */
function isAlone(draft: Pick<Draft, 'document' | 'how' | 'content' | 'source'>, inForce: InForce): boolean {
  const { documents } = inForce
  if (draft.how === 'way-back') return true
  const base = documents.get(draft.document)
  if (base === undefined || draft.content === null || draft.document.startsWith('company:')) return false
  return isPurelyNarrowing(changesOf(draft.document, base, draft, inForce) ?? [])
}

/**
 * Somebody says yes to exactly the text with this hash. With the last yes the draft is on its way; who has to say it is
 * judged by the jobs of now. Asked again inside the transaction, because people may change while it waits for its lock.
 */
export async function approveDraft(
  db: Database,
  actor: Actor,
  { id, hash }: { readonly id: number; readonly hash: string },
): Promise<{ readonly isApproved: boolean }> {
  await requireApproval(db, actor, await openDraft(db, id))
  return inTransaction(db, async (trx) => {
    const draft = await lockedOpen(trx, id)
    const inForce = await readInForce(trx)
    await checkIsAsRead(trx, draft, hash, inForce)
    await checkBase(trx, draft, inForce)
    const { act, subject } = await askedOf(trx, draft, inForce)
    const verdict = await verdictOn(trx, actor, act, subject)
    if (!verdict.allowed || actor.kind !== 'person') {
      throw new RefusedError(act, verdict.allowed ? NO_PERSON : verdict, [])
    }
    await addApproval(trx, { draftId: id, hash, personId: actor.personId })
    const { count } = await neededNow(trx, draft, inForce)
    if (count === 0) await setDraftState(trx, id, { state: 'approved' })
    const body = { draft: id, hash, missing: Number.isFinite(count) ? count : null }
    await noteInLedger(trx, [{ kind: 'draft-approved', actor: ledgerActor(actor), subject: draft.document, body }])
    return { isApproved: count === 0 }
  })
}

const NO_PERSON = { allowed: false, code: 'machine', because: 'Only a person approves.', whoMay: [] } as const

/** Refuses, and the ledger has it. Which act is asked depends on the draft; of several workflows one that lets is enough. */
async function requireApproval(db: Database, actor: Actor, draft: Draft): Promise<void> {
  const inForce = await readInForce(db)
  const { act, subject } = await askedOf(db, draft, inForce)
  await requireMay(db, actor, act, subject)
}

/** Whether this person's yes would count now, for the page's button. */
export async function approvalVerdict(db: Database, actor: Actor, draft: Draft, inForce: InForce): Promise<Verdict> {
  const { act, subject } = await askedOf(db, draft, inForce)
  return verdictOn(db, actor, act, subject)
}

async function askedOf(
  db: Database,
  draft: Draft,
  inForce: InForce,
): Promise<{ readonly act: Act; readonly subject: Subject }> {
  const approvedBy = (await approvalsOf(db, draft.id, draft.hash ?? '')).map(({ personId }) => personId)
  const { workflows = [] } = subjectOf(draft.document, inForce)
  const about = draft.document
  const alone = isAlone(draft, inForce)
  if (alone) return { act: 'narrow', subject: { workflows, about } }
  // Of a document that all workflows share, the first workflow that still misses a yes is the one that is asked.
  const now = { lanes: await lanesHeld(db, workflows), nowMs: await databaseNowMs(db) }
  const open = workflows.find(
    (workflow) => approvalsMissing('approve-publish', { workflow, authors: draft.authors, approvedBy }, now).count > 0,
  )
  const workflow = open ?? workflows[0] ?? ''
  return { act: 'approve-publish', subject: { workflow, authors: draft.authors, approvedBy, about } }
}

export async function neededNow(db: Database, draft: Draft, inForce: InForce): Promise<Needed> {
  const { workflows = [] } = subjectOf(draft.document, inForce)
  const approvedBy = draft.hash === null ? [] : (await approvalsOf(db, draft.id, draft.hash)).map((one) => one.personId)
  const now = { lanes: await lanesHeld(db, workflows), nowMs: await databaseNowMs(db), inForce }
  return neededFor(draft, approvedBy, now)
}

/** An approval of a draft that changed is refused with what changed since it was read. */
async function checkIsAsRead(trx: DatabaseTransaction, draft: Draft, hash: string, inForce: InForce): Promise<void> {
  if (draft.hash === null) {
    const details = draft.errors.map(({ line, message }) => `Line ${line}: ${message}`)
    throw new PublishingError(
      'mistakes',
      'This draft has mistakes and cannot be approved. Correct them first.',
      details,
    )
  }
  if (draft.hash === hash) return
  const read = await textOfHash(trx, draft.id, hash)
  const changes = read?.content == null ? null : changesOf(draft.document, read, draft, inForce)
  const details = (changes ?? []).map(({ says }) => says)
  const message =
    details.length === 0
      ? 'This draft changed since you read it: it is on another version now. Read it again before you approve it.'
      : 'This draft changed since you read it. Read it again before you approve it.'
  throw new PublishingError('changed', message, details)
}

/** Compare and set: a draft takes the place of what it was written against, and of nothing else. */
async function checkBase(trx: DatabaseTransaction, draft: Draft, { documents }: InForce): Promise<void> {
  const now = documents.get(draft.document)?.seq ?? null
  if (now !== draft.baseSeq) {
    const base = draft.baseSeq === null ? 'no version' : `version ${draft.baseSeq}`
    const message = `This draft was written against ${base}, and version ${now} is in force now. Rebase it and read the difference again.`
    throw new PublishingError('base-moved', message)
  }
  const others = await draftsUnderWay(trx, draft.document, draft.id)
  if (others.length > 0) {
    const message = `Draft ${others[0]} of the same document is approved and on its way into force. Wait for it, then rebase this one.`
    throw new PublishingError('under-way', message)
  }
}

/**
 * Back to the version before, by the boundary owner or the rollback owner alone. It is a version like any other, so it is
 * prepared and put in force in the same way; a draft on its way loses its place.
 */
export async function goBack(db: Database, actor: Actor, document: DocumentName): Promise<number> {
  const subject = subjectOf(document, await readInForce(db))
  await requireMay(db, actor, 'narrow', subject)
  return inTransaction(db, async (trx) => {
    const inForce = await readInForce(trx)
    const [now, before] = await publicationsOf(trx, document, 2)
    if (now === undefined || before === undefined || now.how === 'ended' || before.how === 'ended') {
      throw new PublishingError('nothing-before', 'There is no version before this one.')
    }
    const verdict = await verdictOn(trx, actor, 'narrow', subjectOf(document, inForce))
    if (!verdict.allowed) throw new RefusedError('narrow', verdict, [])
    const by = ledgerActor(actor)
    for (const other of await draftsUnderWay(trx, document, 0)) {
      await lockDraft(trx, other)
      await endApprovals(trx, other, 'withdrawn')
      await setDraftState(trx, other, { state: 'draft' })
    }
    const hash = draftHash(document, now.seq, before.content)
    const personId = actor.kind === 'person' ? actor.personId : null
    const id = await insertDraft(trx, {
      document,
      how: 'way-back',
      baseSeq: now.seq,
      authors: personId === null ? [] : [personId],
      unknownAuthor: personId === null,
      file: null,
      by,
      text: { source: before.source, content: before.content, errors: [], hash },
    })
    if (personId !== null) await addApproval(trx, { draftId: id, hash, personId })
    await setDraftState(trx, id, { state: 'approved' })
    const body = { draft: id, hash, from: now.seq, to: before.seq }
    await noteInLedger(trx, [{ kind: 'way-back', actor: by, subject: document, body }])
    return id
  })
}
