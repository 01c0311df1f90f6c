import type { Actor } from '../../model/authority/acts.ts'
import type { Change } from '../../model/policy/diff/change.ts'
import { approvalVerdict, type Needed, neededNow } from '../../publishing/approve-draft.ts'
import {
  changesOf,
  companyNameOf,
  type InForce,
  readInForce,
  versionOf,
  workflowOf,
} from '../../publishing/documents.ts'
import { waitsFor } from '../../publishing/put-in-force.ts'
import type { Database } from '../../store/database/database.ts'
import { namesOf } from '../../store/people/persons.ts'
import { approvalsOf } from '../../store/publishing/approvals.ts'
import { type Draft, findDraft, openDrafts } from '../../store/publishing/drafts.ts'
import {
  type DocumentName,
  type Publication,
  publicationAt,
  publicationsOf,
  recentPublications,
} from '../../store/publishing/publications.ts'
import type { ExplainPolicy } from '../workflows/read-workflows.ts'
import type { ChangesReply, ChangeView, DraftView, VersionsReply, VersionView } from './change-types.ts'

const VERSIONS_MAX = 40

type Names = (ids: readonly string[]) => { id: string; name: string }[]

/** What is about to be published and what was, for whoever asks. */
export async function readChanges(db: Database, actor: Actor, explain: ExplainPolicy | null): Promise<ChangesReply> {
  const inForce = await readInForce(db)
  const drafts = await openDrafts(db)
  const needed = new Map<number, Needed>()
  for (const draft of drafts) needed.set(draft.id, await neededNow(db, draft, inForce))
  const recent = await recentPublications(db, VERSIONS_MAX)
  const people = await namesIn(db, drafts, recent, needed)
  const views: DraftView[] = []
  for (const draft of drafts) {
    views.push(
      await draftView(db, draft, { actor, inForce, needed: needed.get(draft.id)!, names: people.names, explain }),
    )
  }
  const versions: VersionView[] = []
  for (const one of recent) versions.push(await versionView(db, one, { inForce, ...people }))
  return {
    sequence: inForce.seq,
    documents: [...inForce.documents.values()].map(({ document, content, seq }) => ({
      document,
      title: titleOf(document, content),
      seq,
    })),
    drafts: views,
    versions,
  }
}

/** What was in force of one document, the newest first. */
export async function readVersions(db: Database, document: DocumentName): Promise<VersionsReply> {
  const inForce = await readInForce(db)
  const recent = await publicationsOf(db, document, VERSIONS_MAX)
  const people = await namesIn(db, [], recent, new Map())
  const versions: VersionView[] = []
  for (const one of recent) versions.push(await versionView(db, one, { inForce, ...people }))
  return { versions }
}

type People = {
  readonly names: Names
  readonly ofDraft: ReadonlyMap<
    number,
    { readonly authors: readonly string[] | null; readonly approvedBy: readonly string[] }
  >
}

async function namesIn(
  db: Database,
  drafts: readonly Draft[],
  recent: readonly Publication[],
  needed: ReadonlyMap<number, Needed>,
): Promise<People> {
  const ofDraft = new Map<number, { authors: readonly string[] | null; approvedBy: readonly string[] }>()
  const published = recent.flatMap(({ draftId }) => draftId ?? [])
  for (const id of new Set([...drafts.map((draft) => draft.id), ...published])) {
    const draft = drafts.find((one) => one.id === id) ?? (await findDraft(db, id))
    if (draft === null) continue
    const approvals = draft.hash === null ? [] : await approvalsOf(db, id, draft.hash)
    ofDraft.set(id, { authors: draft.authors, approvedBy: approvals.map(({ personId }) => personId) })
  }
  const ids = [
    ...[...ofDraft.values()].flatMap(({ authors, approvedBy }) => [...(authors ?? []), ...approvedBy]),
    ...[...needed.values()].flatMap(({ whoMay }) => whoMay),
  ]
  const known = await namesOf(db, ids)
  return { names: (of) => of.map((id) => ({ id, name: known.get(id) ?? id })), ofDraft }
}

type ForDraft = {
  readonly actor: Actor
  readonly inForce: InForce
  readonly needed: Needed
  readonly names: Names
  readonly explain: ExplainPolicy | null
}

async function draftView(db: Database, draft: Draft, of: ForDraft): Promise<DraftView> {
  const { actor, inForce, needed, names, explain } = of
  const { document, content, source, hash } = draft
  const base = inForce.documents.get(document)
  const isNew = base === undefined && content !== null && workflowOf(document) !== null
  const changes = content === null ? [] : changesOf(document, base ?? null, { content, source }, inForce)
  const verdict = draft.state === 'draft' && hash !== null ? await approvalVerdict(db, actor, draft, inForce) : null
  return {
    id: draft.id,
    document,
    title: titleOf(document, content ?? base?.content),
    state: draft.state as DraftView['state'],
    how: draft.how,
    hash,
    baseSeq: draft.baseSeq,
    isStale: (base?.seq ?? null) !== draft.baseSeq,
    authors: draft.authors === null ? null : names(draft.authors),
    file: draft.file,
    madeAt: draft.madeAt.toISOString(),
    changedAt: draft.changedAt.toISOString(),
    changes: changes === null ? null : changes.map(changeView),
    explained: isNew && explain !== null ? explain(versionOf({ content, source }, inForce.company)) : null,
    errors: draft.errors.map(({ line, field, message }) => ({ line, field, message })),
    approvals: await approvalViews(db, draft, names),
    needed: {
      isAlone: needed.isAlone,
      count: Number.isFinite(needed.count) ? needed.count : null,
      whoMay: names(needed.whoMay),
      says: vacancySays(needed),
    },
    mayNot: verdict === null || verdict.allowed ? null : verdict.because,
    waitsFor: draft.state === 'preparing' ? await waitsFor(db, draft) : [],
  }
}

async function approvalViews(db: Database, { id, hash }: Draft, names: Names): Promise<DraftView['approvals']> {
  if (hash === null) return []
  return (await approvalsOf(db, id, hash)).map(({ personId, at }) => ({
    person: names([personId])[0]!,
    at: at.toISOString(),
  }))
}

/** Which appointment would free a draft that nobody can approve. */
function vacancySays({ count, vacant, isAlone }: Needed): string | null {
  if (Number.isFinite(count)) return null
  if (vacant.length === 0) {
    return 'Publish a workflow first. Its boundary owner and a second person then approve this.'
  }
  const where = vacant.join(' and ')
  return isAlone
    ? `Appoint a boundary owner or a rollback owner for ${where} on the page People.`
    : `One person cannot publish alone. Appoint a boundary owner and a second person for ${where} on the page People.`
}

async function versionView(
  db: Database,
  one: Publication,
  { inForce, names, ofDraft }: { readonly inForce: InForce } & People,
): Promise<VersionView> {
  const { document, seq, baseSeq, content, how, draftId } = one
  const before = baseSeq === null ? null : await publicationAt(db, document, baseSeq)
  const of = draftId === null ? undefined : ofDraft.get(draftId)
  const isInForce = inForce.documents.get(document)?.seq === seq
  return {
    seq,
    document,
    title: titleOf(document, content ?? before?.content),
    how,
    inForceAt: one.inForceAt.toISOString(),
    isInForce,
    canGoBack: isInForce && before !== null,
    authors: of === undefined || of.authors === null ? null : names(of.authors),
    approvedBy: of === undefined ? [] : names(of.approvedBy),
    changes:
      before === null || how === 'ended'
        ? null
        : (changesOf(document, before, one, { company: inForce.company, marks: [] }) ?? []).map(changeView),
  }
}

function changeView({ part, kind, says, reach }: Change): ChangeView {
  return { part, kind, says, reach }
}

const COMPANY_TITLES = {
  territories: 'Territories',
  calendar: 'Calendar',
  readings: 'Readings of texts',
  people: 'Links between users',
} as const

/** What people call a document. */
export function titleOf(document: DocumentName, content: unknown): string {
  const name = companyNameOf(document)
  if (name !== null) return COMPANY_TITLES[name]
  const title = typeof content === 'object' && content !== null && 'title' in content ? content.title : undefined
  return typeof title === 'string' ? title : (workflowOf(document) ?? document)
}
