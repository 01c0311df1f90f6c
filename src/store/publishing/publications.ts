import { type Kysely, sql } from 'kysely'
import type { CompanyName } from '../../model/policy/company-name.ts'
import type { PublishedHow } from '../database/tables/publishing.ts'
import type { Tables } from '../database/tables.ts'

/** A workflow, or what all workflows of the company share. */
export type DocumentName = `workflow:${string}` | `company:${CompanyName}`

export type Publication = {
  readonly seq: number
  readonly document: DocumentName
  readonly contentHash: string
  readonly content: unknown
  readonly source: string
  readonly baseSeq: number | null
  readonly how: PublishedHow
  readonly draftId: number | null
  readonly by: string
  readonly inForceAt: Date
}

const COLUMNS = sql`seq, document, content_hash as "contentHash", content, source, base_seq as "baseSeq", how,
  draft_id as "draftId", by, in_force_at as "inForceAt"`

/** The latest of every document, read in one statement: in force, or ended. */
export async function documentsInForce(db: Kysely<Tables>): Promise<Publication[]> {
  const { rows } = await sql<Publication>`
    select distinct on (document) ${COLUMNS} from publication order by document, seq desc`.execute(db)
  return rows
}

/** The number that a decision of now would cite; 0: nothing was published yet. */
export async function sequenceInForce(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{ seq: number }>`select coalesce(max(seq), 0) as seq from publication`.execute(db)
  return rows[0]!.seq
}

/** The newest first. */
export async function publicationsOf(db: Kysely<Tables>, document: DocumentName, most: number): Promise<Publication[]> {
  const { rows } = await sql<Publication>`
    select ${COLUMNS} from publication where document = ${document} order by seq desc limit ${most}`.execute(db)
  return rows
}

/** Every document's latest ones, the newest first. */
export async function recentPublications(db: Kysely<Tables>, most: number): Promise<Publication[]> {
  const { rows } = await sql<Publication>`
    select ${COLUMNS} from publication order by seq desc, document limit ${most}`.execute(db)
  return rows
}

/** The publication of this document with that number. */
export async function publicationAt(
  db: Kysely<Tables>,
  document: DocumentName,
  seq: number,
): Promise<Publication | null> {
  const { rows } = await sql<Publication>`
    select ${COLUMNS} from publication where document = ${document} and seq = ${seq}`.execute(db)
  return rows[0] ?? null
}

export type NewPublication = Omit<Publication, 'seq' | 'inForceAt'>

/** Under the lock of the sequence: all of these get the next number of the sequence, which is returned. */
export async function addPublications(trx: Kysely<Tables>, of: readonly NewPublication[]): Promise<number> {
  const seq = (await sequenceInForce(trx)) + 1
  for (const one of of) {
    await trx
      .insertInto('publication')
      .values({
        seq,
        document: one.document,
        content_hash: one.contentHash,
        content: JSON.stringify(one.content),
        source: one.source,
        base_seq: one.baseSeq,
        how: one.how,
        draft_id: one.draftId,
        by: one.by,
      })
      .execute()
  }
  return seq
}

/** What the file of this document last seeded, whoever published over it since. */
export async function lastSeeded(db: Kysely<Tables>): Promise<Map<string, string>> {
  const { rows } = await sql<{ document: string; hash: string }>`
    select distinct on (document) document, content_hash as hash from publication where how = 'seeded'
    order by document, seq desc`.execute(db)
  return new Map(rows.map(({ document, hash }) => [document, hash]))
}

/** Documents that the sandbox's files put in force first, and that did not end since. */
export async function documentsOfExamples(db: Kysely<Tables>): Promise<Set<DocumentName>> {
  const { rows } = await sql<{ document: DocumentName }>`
    select distinct p.document from publication p where p.how = 'seeded' and not exists (
      select 1 from publication e where e.document = p.document and e.how = 'ended' and e.seq > p.seq)`.execute(db)
  return new Set(rows.map(({ document }) => document))
}
