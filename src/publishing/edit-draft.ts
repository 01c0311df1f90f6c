import type { Actor, Subject } from '../model/authority/acts.ts'
import type { PolicyOwners } from '../model/policy/policy.ts'
import { together } from '../model/rules/render.ts'
import { ledgerActor, requireMay } from '../people/permitted.ts'
import type { Database, DatabaseTransaction } from '../store/database/database.ts'
import { inTransaction } from '../store/database/transaction.ts'
import { noteInLedger } from '../store/ledger/note-in-ledger.ts'
import { endApprovals } from '../store/publishing/approvals.ts'
import {
  adoptDraft as adopt,
  changeDraft,
  type Draft,
  type DraftText,
  findDraft,
  insertDraft,
  lockDraft,
  setDraftState,
} from '../store/publishing/drafts.ts'
import { type DocumentName, documentsInForce } from '../store/publishing/publications.ts'
import { contentHash, draftHash, type InForce, inForceOf, readDocument, workflowOf } from './documents.ts'
import { PublishingError } from './errors.ts'

/** Whose jobs decide about a document: one workflow's, or everybody's where all workflows share it. */
export function subjectOf(document: DocumentName, { documents }: InForce): Subject {
  const own = workflowOf(document)
  const all = [...documents.keys()].flatMap((name) => workflowOf(name) ?? [])
  return { workflows: own === null ? all : [own], about: document }
}

/** A new draft of a document, by somebody who is its author from now on. Returns its id. */
export async function makeDraft(
  db: Database,
  actor: Actor,
  { document, source }: { readonly document: DocumentName; readonly source: string },
): Promise<number> {
  await requireMay(db, actor, 'edit-draft', subjectOf(document, inForceOf(await documentsInForce(db))))
  return inTransaction(db, async (trx) => {
    const inForce = inForceOf(await documentsInForce(trx))
    const baseSeq = inForce.documents.get(document)?.seq ?? null
    const text = textOf(document, baseSeq, source, inForce)
    const by = ledgerActor(actor)
    const author = authorOf(actor)
    const id = await insertDraft(trx, {
      document,
      how: 'published',
      baseSeq,
      authors: author === null ? [] : [author],
      unknownAuthor: author === null,
      file: null,
      by,
      text,
    })
    await noteInLedger(trx, [
      { kind: 'draft-made', actor: by, subject: document, body: { draft: id, hash: text.hash } },
    ])
    return id
  })
}

/** Another text for a draft. Approvals of the text before are gone; the answer says whose. */
export async function editDraft(
  db: Database,
  actor: Actor,
  { id, source, read }: { readonly id: number; readonly source: string; readonly read: string | null },
): Promise<{ readonly hash: string | null; readonly approvalsEnded: readonly string[] }> {
  const { document } = await openDraft(db, id)
  await requireMay(db, actor, 'edit-draft', subjectOf(document, inForceOf(await documentsInForce(db))))
  return inTransaction(db, async (trx) => {
    const draft = await lockedOpen(trx, id)
    if (draft.hash !== read) {
      throw new PublishingError(
        'changed',
        'Somebody changed this draft while you edited it. Open it again and repeat your change.',
      )
    }
    const inForce = inForceOf(await documentsInForce(trx))
    return changeText(trx, draft, textOf(document, draft.baseSeq, source, inForce), {
      by: ledgerActor(actor),
      author: authorOf(actor),
      kind: 'draft-changed',
      baseSeq: draft.baseSeq,
    })
  })
}

/** Puts the draft on what is in force now. The whole difference is new, so every approval is gone. */
export async function rebaseDraft(
  db: Database,
  actor: Actor,
  id: number,
): Promise<{ readonly hash: string | null; readonly approvalsEnded: readonly string[] }> {
  const { document } = await openDraft(db, id)
  await requireMay(db, actor, 'edit-draft', subjectOf(document, inForceOf(await documentsInForce(db))))
  return inTransaction(db, async (trx) => {
    const draft = await lockedOpen(trx, id)
    const inForce = inForceOf(await documentsInForce(trx))
    const baseSeq = inForce.documents.get(document)?.seq ?? null
    if (baseSeq === draft.baseSeq) {
      throw new PublishingError('no-change', 'This draft is on the version in force already.')
    }
    return changeText(trx, draft, textOf(document, baseSeq, draft.source, inForce), {
      by: ledgerActor(actor),
      author: authorOf(actor),
      kind: 'draft-rebased',
      baseSeq,
    })
  })
}

/** Used by people and by files alike: a new text ends what was approved of the one before. */
export async function changeText(
  trx: DatabaseTransaction,
  draft: Draft,
  text: DraftText,
  of: { readonly by: string; readonly author: string | null; readonly kind: string; readonly baseSeq: number | null },
): Promise<{ readonly hash: string | null; readonly approvalsEnded: readonly string[] }> {
  const approvalsEnded = await endApprovals(trx, draft.id, of.kind === 'draft-rebased' ? 'rebased' : 'changed')
  await changeDraft(trx, draft.id, { baseSeq: of.baseSeq, text, author: of.author, by: of.by })
  if (draft.state !== 'draft') await setDraftState(trx, draft.id, { state: 'draft' })
  const body = { draft: draft.id, hash: text.hash, approvalsEnded: approvalsEnded.length }
  await noteInLedger(trx, [{ kind: of.kind, actor: of.by, subject: draft.document, body }])
  return { hash: text.hash, approvalsEnded }
}

/** A signed-in person stands for a text whose author nobody knows, and is its author from now on. */
export async function adoptDraft(db: Database, actor: Actor, id: number): Promise<void> {
  const { document } = await openDraft(db, id)
  await requireMay(db, actor, 'edit-draft', subjectOf(document, inForceOf(await documentsInForce(db))))
  const personId = authorOf(actor)
  if (personId === null) throw new PublishingError('no-draft', 'Only a person who is signed in can adopt a draft.')
  await inTransaction(db, async (trx) => {
    const draft = await lockedOpen(trx, id)
    await adopt(trx, id, personId)
    const body = { draft: id, hash: draft.hash }
    await noteInLedger(trx, [{ kind: 'draft-adopted', actor: ledgerActor(actor), subject: document, body }])
  })
}

/** Takes a draft off the page, also one that is being prepared. It stays readable. */
export async function withdrawDraft(db: Database, actor: Actor, id: number): Promise<void> {
  const { document } = await openDraft(db, id)
  await requireMay(db, actor, 'edit-draft', subjectOf(document, inForceOf(await documentsInForce(db))))
  await inTransaction(db, async (trx) => {
    const draft = await lockDraft(trx, id)
    if (draft === null || draft.endedAt !== null) throw ended()
    await endApprovals(trx, id, 'withdrawn')
    const by = ledgerActor(actor)
    await setDraftState(trx, id, { state: 'withdrawn', by, reason: 'withdrawn' })
    await noteInLedger(trx, [{ kind: 'draft-withdrawn', actor: by, subject: document, body: { draft: id } }])
  })
}

export async function openDraft(db: Database, id: number): Promise<Draft> {
  const draft = await findDraft(db, id)
  if (draft === null || draft.endedAt !== null) throw ended()
  return draft
}

/** Locked, and still to be changed or approved. */
export async function lockedOpen(trx: DatabaseTransaction, id: number): Promise<Draft> {
  const draft = await lockDraft(trx, id)
  if (draft === null || draft.endedAt !== null) throw ended()
  if (draft.state !== 'draft') {
    throw new PublishingError(
      'under-way',
      'This draft is approved and on its way into force. Withdraw it to change it.',
    )
  }
  return draft
}

function ended(): PublishingError {
  return new PublishingError('no-draft', 'This draft is in force or was withdrawn. Reload the page.')
}

export function authorOf(actor: Actor): string | null {
  return actor.kind === 'person' ? actor.personId : null
}

/** Reads a text as this document and binds it to its base. Of a text with mistakes there is nothing to approve. */
export function textOf(document: DocumentName, baseSeq: number | null, source: string, inForce: InForce): DraftText {
  const { content, errors, owners } = readDocument(document, source, inForce.company)
  const base = inForce.documents.get(document)
  const before = base === undefined ? null : readDocument(document, base.source, inForce.company).owners
  const named = jobsNamed(before, owners)
  if (named.length > 0) {
    const message = `names other people for ${together(named)}. A version names nobody for a job, or it could name its own approver: leave these lines as they are, and appoint on the page People`
    return { source, content: null, hash: null, errors: [{ line: 1, column: 1, field: 'owners', message }] }
  }
  return { source, content, errors, hash: content === null ? null : draftHash(document, baseSeq, content) }
}

/** Jobs for which a draft names other people than the version in force. */
function jobsNamed(from: PolicyOwners | null, to: PolicyOwners | null): string[] {
  if (from === null || to === null) return []
  const jobs = ['override', 'rollback', 'boundary', 'data', 'workflow', 'reviewers'] as const
  return jobs.filter((job) => contentHash(from[job]) !== contentHash(to[job]))
}
