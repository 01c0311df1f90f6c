import {
  type Company,
  type ConfigText,
  configTexts,
  NO_COMPANY,
  readCompanyText,
  readWorkflowText,
} from '../config/policies/read-text.ts'
import { type PolicyFiles, publishPolicies } from '../pipeline/decide/publish-policies.ts'
import type { Database } from '../store/database/database.ts'
import { inTransaction } from '../store/database/transaction.ts'
import { noteInLedger } from '../store/ledger/note-in-ledger.ts'
import { endApprovals } from '../store/publishing/approvals.ts'
import { draftOfFile, insertDraft, lockDraft, setDraftState } from '../store/publishing/drafts.ts'
import {
  addPublications,
  type DocumentName,
  documentsInForce,
  lastSeeded,
  type NewPublication,
} from '../store/publishing/publications.ts'
import { COMPANY_NAMES, contentHash, inForceOf, readDocument } from './documents.ts'
import { changeText, textOf } from './edit-draft.ts'
import { putInForce } from './put-in-force.ts'

/** A text of the configuration folder, as the document that it is of. */
type FileDocument = { readonly document: DocumentName; readonly file: string; readonly source: string }

/** What became of a file that is not what is in force. */
export type FileNews = {
  readonly document: DocumentName
  readonly file: string
  /** made: a draft of it waits. changed: its draft has the new text, and the approvals before are gone. seeded: in force. */
  readonly what: 'made' | 'changed' | 'seeded'
  readonly draftId: number | null
  readonly approvalsEnded: number
}

/** The texts of a folder by the document they are of. A text that names no workflow is nobody's. */
export function fileDocuments(dir: string): FileDocument[] {
  const texts = configTexts(dir)
  const company = companyIn(texts)
  return texts.flatMap(({ file, of, source }): FileDocument[] => {
    if (of !== 'workflow') return [{ document: `company:${of}`, file, source }]
    const { workflow } = readWorkflowText(source, company)
    return workflow === null ? [] : [{ document: `workflow:${workflow}`, file, source }]
  })
}

/** What the folder's own shared files say; where one has a mistake, what a company has that never wrote it. */
function companyIn(texts: readonly ConfigText[]): Company {
  const company: { -readonly [Name in keyof Company]: Company[Name] } = { ...NO_COMPANY }
  for (const name of COMPANY_NAMES) {
    const text = texts.find(({ of }) => of === name)
    if (text === undefined) continue
    const read = readCompanyText(name, text.source)
    if (read.ok) Object.assign(company, { [name]: read.content })
  }
  return company
}

/**
 * The sandbox's files are in force from the start, so that a new installation shows something. Publishing there works as
 * anywhere: what people published stays until the file changes again. Returns what the files put in force.
 */
export async function seedFromFiles(
  db: Database,
  dir: string,
  files: PolicyFiles,
): Promise<{ readonly changed: string[]; readonly news: readonly FileNews[] }> {
  const before = await documentsInForce(db)
  const seeded = await lastSeeded(db)
  const inForce = inForceOf(before)
  const documents = fileDocuments(dir)
  const company = companyIn(configTexts(dir))
  const additions = documents.flatMap(({ document, source }): NewPublication[] => {
    const { content } = readDocument(document, source, company)
    if (content === null) return []
    const hash = contentHash(content)
    const now = inForce.documents.get(document)
    if (hash === now?.contentHash || (now !== undefined && hash === seeded.get(document))) return []
    const baseSeq = now?.seq ?? null
    const how = 'seeded' as const
    return [{ document, contentHash: hash, content, source, baseSeq, how, draftId: null, by: 'lanekeeper' }]
  })
  const isPublishedOver = before.some(({ how }) => how === 'published' || how === 'narrowed' || how === 'way-back')
  if (isPublishedOver) {
    if (additions.length > 0) await putInForce(db, before, additions)
    else return { changed: [], news: [] }
    return { changed: additions.map(({ document }) => document), news: newsOf(additions, documents) }
  }
  const { changed } = await publishPolicies(db, files, undefined, async (trx) => {
    if (additions.length === 0) return
    await addPublications(trx, additions)
    const hashes = Object.fromEntries(additions.map(({ document, contentHash: hash }) => [document, hash]))
    await noteInLedger(trx, [
      { kind: 'version-in-force', actor: 'lanekeeper', subject: 'installation', body: { how: 'seeded', hashes } },
    ])
  })
  return { changed, news: newsOf(additions, documents) }
}

function newsOf(additions: readonly NewPublication[], documents: readonly FileDocument[]): FileNews[] {
  return additions.map(({ document }) => {
    const file = documents.find((one) => one.document === document)?.file ?? document
    return { document, file, what: 'seeded', draftId: null, approvalsEnded: 0 }
  })
}

/**
 * Everywhere else a file puts nothing in force. What it says becomes a draft whose author nobody knows; where it changes
 * while its draft waits, the draft has the new text and the approvals before are gone.
 */
export async function draftsFromFiles(db: Database, dir: string): Promise<FileNews[]> {
  const news: FileNews[] = []
  for (const one of fileDocuments(dir)) {
    const said = await draftFromFile(db, one)
    if (said !== null) news.push(said)
  }
  return news
}

export async function draftFromFile(db: Database, { document, file, source }: FileDocument): Promise<FileNews | null> {
  return inTransaction(db, async (trx) => {
    const inForce = inForceOf(await documentsInForce(trx))
    const now = inForce.documents.get(document)
    const found = await draftOfFile(trx, document, file)
    const known = found === null ? null : await lockDraft(trx, found.id)
    const { content } = readDocument(document, source, inForce.company)
    const isInForce = content !== null && contentHash(content) === now?.contentHash
    if (known !== null) {
      // The same file again, whatever became of its draft: a withdrawn one is not made anew at every start.
      const isSame = content === null ? known.source === source : isSameContent(known.content, content)
      if (isSame) return null
    }
    if (isInForce && (known === null || known.endedAt !== null)) return null
    const baseSeq = now?.seq ?? null
    if (known !== null && known.endedAt === null) {
      if (isInForce) {
        await endApprovals(trx, known.id, 'withdrawn')
        await setDraftState(trx, known.id, { state: 'withdrawn', by: FILE, reason: 'file-says-what-is-in-force' })
        const body = { draft: known.id, because: 'the file says what is in force' }
        await noteInLedger(trx, [{ kind: 'draft-withdrawn', actor: FILE, subject: document, body }])
        return null
      }
      const text = textOf(document, known.baseSeq, source, inForce)
      const of = { by: FILE, author: null, kind: 'draft-changed', baseSeq: known.baseSeq }
      const { approvalsEnded } = await changeText(trx, known, text, of)
      return { document, file, what: 'changed', draftId: known.id, approvalsEnded: approvalsEnded.length }
    }
    const text = textOf(document, baseSeq, source, inForce)
    const draft = {
      document,
      how: 'published',
      baseSeq,
      authors: [],
      unknownAuthor: true,
      file,
      by: FILE,
      text,
    } as const
    const id = await insertDraft(trx, draft)
    await noteInLedger(trx, [
      { kind: 'draft-made', actor: FILE, subject: document, body: { draft: id, hash: text.hash } },
    ])
    return { document, file, what: 'made', draftId: id, approvalsEnded: 0 }
  })
}

/** Who changed a file nobody can say: the process that read it did what it found. */
const FILE = 'environment'

function isSameContent(a: unknown, b: unknown): boolean {
  return a !== null && contentHash(a) === contentHash(b)
}
