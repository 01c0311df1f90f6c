import { type Kysely, sql } from 'kysely'
import type { Policy } from '../../model/policy/policy.ts'
import type { DraftHow, DraftState, TextError } from '../database/tables/publishing.ts'
import type { Tables } from '../database/tables.ts'
import type { DocumentName } from './publications.ts'

export type DraftText = {
  readonly source: string
  /** Null: the text has mistakes. */
  readonly content: unknown
  readonly errors: readonly TextError[]
  readonly hash: string | null
}

export type Draft = DraftText & {
  readonly id: number
  readonly document: DocumentName
  readonly how: DraftHow
  readonly baseSeq: number | null
  readonly state: DraftState
  /** Null: somebody changed it whom we do not know. */
  readonly authors: readonly string[] | null
  /** Those we know. */
  readonly knownAuthors: readonly string[]
  readonly file: string | null
  readonly madeBy: string
  readonly madeAt: Date
  readonly changedAt: Date
  readonly approvedAt: Date | null
  readonly preparingAt: Date | null
  readonly seq: number | null
  readonly endedAt: Date | null
  readonly endedBy: string | null
  readonly endReason: string | null
}

type DraftRow = Omit<Draft, 'authors'> & { readonly unknownAuthor: boolean }

const SELECT = sql`
  select d.id, d.document, d.how, d.base_seq as "baseSeq", d.hash, d.state, d.authors as "knownAuthors",
    d.unknown_author as "unknownAuthor", d.file, d.made_by as "madeBy", d.made_at as "madeAt", d.changed_at as "changedAt",
    d.approved_at as "approvedAt", d.preparing_at as "preparingAt", d.seq, d.ended_at as "endedAt", d.ended_by as "endedBy",
    d.end_reason as "endReason", t.source, t.content, t.errors
  from policy_draft d
  join lateral (select source, content, errors from policy_draft_text x where x.draft_id = d.id
    order by version desc limit 1) t on true`

export async function openDrafts(db: Kysely<Tables>): Promise<Draft[]> {
  const { rows } = await sql<DraftRow>`${SELECT} where d.ended_at is null order by d.document, d.id`.execute(db)
  return rows.map(toDraft)
}

export async function findDraft(db: Kysely<Tables>, id: number): Promise<Draft | null> {
  const { rows } = await sql<DraftRow>`${SELECT} where d.id = ${id}`.execute(db)
  return rows[0] === undefined ? null : toDraft(rows[0])
}

/** Nobody else changes or approves it until the transaction ends. */
export async function lockDraft(trx: Kysely<Tables>, id: number): Promise<Draft | null> {
  await sql`select 1 from policy_draft where id = ${id} for update`.execute(trx)
  return findDraft(trx, id)
}

/** The last draft that followed this file, whatever became of it. */
export async function draftOfFile(db: Kysely<Tables>, document: DocumentName, file: string): Promise<Draft | null> {
  const { rows } = await sql<DraftRow>`
    ${SELECT} where d.document = ${document} and d.file = ${file} order by d.id desc limit 1`.execute(db)
  return rows[0] === undefined ? null : toDraft(rows[0])
}

function toDraft({ unknownAuthor, ...row }: DraftRow): Draft {
  return { ...row, authors: unknownAuthor ? null : row.knownAuthors }
}

export async function insertDraft(
  trx: Kysely<Tables>,
  of: {
    readonly document: DocumentName
    readonly how: DraftHow
    readonly baseSeq: number | null
    readonly authors: readonly string[]
    readonly unknownAuthor: boolean
    readonly file: string | null
    readonly by: string
    readonly text: DraftText
  },
): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    insert into policy_draft (document, how, base_seq, hash, state, authors, unknown_author, file, made_by)
    values (${of.document}, ${of.how}, ${of.baseSeq}, ${of.text.hash}, 'draft', ${of.authors}::text[], ${of.unknownAuthor},
      ${of.file}, ${of.by})
    returning id`.execute(trx)
  const { id } = rows[0]!
  await addText(trx, id, { baseSeq: of.baseSeq, by: of.by, text: of.text })
  return id
}

/** Gives a draft another text, or the same on another base. Whoever does it is an author from now on; null: nobody we know. */
export async function changeDraft(
  trx: Kysely<Tables>,
  id: number,
  of: {
    readonly baseSeq: number | null
    readonly text: DraftText
    readonly author: string | null
    readonly by: string
  },
): Promise<void> {
  await sql`
    update policy_draft set hash = ${of.text.hash}, base_seq = ${of.baseSeq}, changed_at = clock_timestamp(),
      authors = case when ${of.author}::text is null or ${of.author} = any(authors) then authors
        else authors || ${of.author}::text end,
      unknown_author = unknown_author or ${of.author}::text is null
    where id = ${id}`.execute(trx)
  await addText(trx, id, { baseSeq: of.baseSeq, by: of.by, text: of.text })
}

async function addText(
  trx: Kysely<Tables>,
  id: number,
  { baseSeq, by, text }: { readonly baseSeq: number | null; readonly by: string; readonly text: DraftText },
): Promise<void> {
  await sql`
    insert into policy_draft_text (draft_id, version, hash, base_seq, source, content, errors, by)
    select ${id}, coalesce(max(version), 0) + 1, ${text.hash}, ${baseSeq}, ${text.source},
      ${text.content === null ? null : JSON.stringify(text.content)}::jsonb, ${JSON.stringify(text.errors)}::jsonb, ${by}
    from policy_draft_text where draft_id = ${id}`.execute(trx)
}

/** A signed-in person stands for a text that came from a file. */
export async function adoptDraft(trx: Kysely<Tables>, id: number, personId: string): Promise<void> {
  await sql`
    update policy_draft set unknown_author = false,
      authors = case when ${personId} = any(authors) then authors else authors || ${personId}::text end
    where id = ${id}`.execute(trx)
}

/** The text that a draft had under this hash. Null: never. */
export async function textOfHash(db: Kysely<Tables>, id: number, hash: string): Promise<DraftText | null> {
  const { rows } = await sql<DraftText>`
    select source, content, errors, hash from policy_draft_text where draft_id = ${id} and hash = ${hash}
    order by version desc limit 1`.execute(db)
  return rows[0] ?? null
}

export async function setDraftState(
  trx: Kysely<Tables>,
  id: number,
  of:
    | { readonly state: 'draft' | 'approved' }
    | { readonly state: 'preparing'; readonly prepared: readonly Policy[] }
    | { readonly state: 'in-force'; readonly seq: number; readonly by: string }
    | { readonly state: 'withdrawn'; readonly by: string; readonly reason: string },
): Promise<void> {
  switch (of.state) {
    case 'draft':
      await sql`update policy_draft set state = 'draft', approved_at = null, preparing_at = null, prepared = null
        where id = ${id}`.execute(trx)
      return
    case 'approved':
      await sql`update policy_draft set state = 'approved', approved_at = clock_timestamp() where id = ${id}`.execute(
        trx,
      )
      return
    case 'preparing':
      await sql`update policy_draft set state = 'preparing', preparing_at = clock_timestamp(),
        prepared = ${JSON.stringify(of.prepared)}::jsonb where id = ${id}`.execute(trx)
      return
    case 'in-force':
      await sql`update policy_draft set state = 'in-force', seq = ${of.seq}, ended_at = clock_timestamp(),
        ended_by = ${of.by}, prepared = null where id = ${id}`.execute(trx)
      return
    case 'withdrawn':
      await sql`update policy_draft set state = 'withdrawn', ended_at = clock_timestamp(), ended_by = ${of.by},
        end_reason = ${of.reason}, prepared = null where id = ${id}`.execute(trx)
  }
}

/** Drafts of this document on their way into force, besides this one. */
export async function draftsUnderWay(trx: Kysely<Tables>, document: DocumentName, besides: number): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select id from policy_draft where document = ${document} and state in ('approved', 'preparing') and id <> ${besides}
    order by id`.execute(trx)
  return rows.map(({ id }) => id)
}

/** Approved ones, and those whose fields are being read, in the order in which they were approved. */
export async function draftsToPutInForce(db: Kysely<Tables>): Promise<{ id: number; state: DraftState }[]> {
  const { rows } = await sql<{ id: number; state: DraftState }>`
    select id, state from policy_draft where state in ('approved', 'preparing') order by approved_at, id`.execute(db)
  return rows
}

/** The policies whose fields are read although they are not in force yet. */
export async function policiesBeingPrepared(db: Kysely<Tables>): Promise<Policy[]> {
  const { rows } = await sql<{ prepared: Policy[] | null }>`
    select prepared from policy_draft where state = 'preparing' order by id`.execute(db)
  return rows.flatMap(({ prepared }) => prepared ?? [])
}
