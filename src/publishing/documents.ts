import { createHash } from 'node:crypto'
import type { Kysely } from 'kysely'
import { policyHash } from '../config/policies/policy-files.ts'
import { type Company, NO_COMPANY, readCompanyText, readWorkflowText } from '../config/policies/read-text.ts'
import { patternOf } from '../model/patterns/registry.ts'
import { canonicalJson } from '../model/policy/canonical.ts'
import type { CompanyName } from '../model/policy/company-name.ts'
import type { Change } from '../model/policy/diff/change.ts'
import { companyChanges } from '../model/policy/diff/company-diff.ts'
import { diffPolicies } from '../model/policy/diff/policy-diff.ts'
import { type StoredMark, withMarks } from '../model/policy/marks.ts'
import {
  NO_OWNERS,
  type PatternSetting,
  type Policy,
  type PolicyOwners,
  type PolicyVersion,
} from '../model/policy/policy.ts'
import type { TextError } from '../store/database/tables/publishing.ts'
import type { Tables } from '../store/database/tables.ts'
import { allMarks } from '../store/publishing/marks.ts'
import { type DocumentName, documentsInForce, type Publication } from '../store/publishing/publications.ts'

/** What a workflow's own text says: what all workflows share is a document each, and jobs are no part of a version. */
export type WorkflowContent = Omit<Policy, keyof Company | 'owners' | 'marks'>

export const COMPANY_NAMES: readonly CompanyName[] = ['territories', 'calendar', 'readings', 'people']

export function workflowOf(document: DocumentName): string | null {
  return document.startsWith('workflow:') ? document.slice('workflow:'.length) : null
}

export function companyNameOf(document: DocumentName): CompanyName | null {
  return document.startsWith('company:') ? (document.slice('company:'.length) as CompanyName) : null
}

export type ReadDocument = {
  readonly content: unknown
  readonly errors: readonly TextError[]
  /** Whom the text names for jobs: it seeds them once, and is no part of what is published. */
  readonly owners: PolicyOwners | null
}

/** What a text says as this document. Content null: it has mistakes. */
export function readDocument(document: DocumentName, source: string, company: Company): ReadDocument {
  const name = companyNameOf(document)
  if (name !== null) {
    const read = readCompanyText(name, source)
    return read.ok
      ? { content: read.content, errors: [], owners: null }
      : { content: null, errors: read.errors, owners: null }
  }
  const read = readWorkflowText(source, company)
  if (!read.ok) return { content: null, errors: read.errors, owners: null }
  const workflow = workflowOf(document)
  if (read.workflow === workflow) return { content: ownContent(read.content), errors: [], owners: read.content.owners }
  const message = `is "${read.workflow}", but this draft is of the workflow "${workflow}"; a draft keeps its workflow`
  return { content: null, errors: [{ line: 1, column: 1, field: 'workflow', message }], owners: null }
}

export function ownContent({
  territories,
  calendar,
  readings,
  people,
  owners,
  marks,
  ...own
}: Policy): WorkflowContent {
  return own
}

/** What of a policy belongs to the company. */
export function companyOf({ territories, calendar, readings, people }: Policy): Company {
  return { territories, calendar, readings: readings ?? NO_COMPANY.readings, people: people ?? NO_COMPANY.people }
}

/** Two documents with the same content are the same, whatever their texts look like. */
export function contentHash(content: unknown): string {
  return createHash('sha256').update(canonicalJson(content)).digest('hex')
}

/** What an approval binds to: the document, what it says, and what it would take the place of. */
export function draftHash(document: DocumentName, baseSeq: number | null, content: unknown): string {
  return contentHash({ document, baseSeq, content })
}

/** What the documents in force make together. */
export type InForce = {
  readonly seq: number
  readonly company: Company
  readonly documents: ReadonlyMap<DocumentName, Publication>
  /** What people marked, of all workflows. */
  readonly marks: readonly StoredMark[]
}

/** With what is marked, which decides whether a change narrows. */
export async function readInForce(db: Kysely<Tables>): Promise<InForce> {
  const documents = await documentsInForce(db)
  return { ...inForceOf(documents), marks: await allMarks(db) }
}

export function inForceOf(documents: readonly Publication[]): InForce {
  const byName = new Map(documents.filter(({ how }) => how !== 'ended').map((one) => [one.document, one]))
  const of = <Name extends CompanyName>(name: Name) =>
    (byName.get(`company:${name}`)?.content ?? NO_COMPANY[name]) as Company[Name]
  const company = {
    territories: of('territories'),
    calendar: of('calendar'),
    readings: of('readings'),
    people: of('people'),
  }
  return { seq: Math.max(0, ...documents.map(({ seq }) => seq)), company, documents: byName, marks: [] }
}

/**
 * A workflow's version as it runs with this company. Read again from its text where today's code takes it, because limits in
 * days depend on the calendar; otherwise what was published.
 */
export function versionOf(
  { content, source }: { readonly content: unknown; readonly source: string },
  company: Company,
): PolicyVersion {
  const read = source === '' ? null : readWorkflowText(source, company)
  const policy = read?.ok === true ? read.content : composed(content as WorkflowContent, company)
  return { hash: policyHash(policy), policy }
}

/** Absent where a company has agreed on none, as `toPolicy` leaves them out: the hash stays the same. */
function composed(content: WorkflowContent, { territories, calendar, readings, people }: Company): Policy {
  const { countries, states, currency } = readings
  const hasReadings = Object.keys(countries).length + Object.keys(states).length > 0 || currency !== undefined
  const hasPeople = people.persons.length + people.integrations.length > 0
  return {
    ...content,
    // Jobs are held in tables; what can only be read from what was stored names nobody.
    owners: NO_OWNERS,
    territories,
    ...(hasReadings && { readings }),
    ...(hasPeople && { people }),
    calendar,
  }
}

type Text = Pick<Publication, 'document' | 'content' | 'source'>

/** Every workflow in force with another company or another text of one document, and what is marked there. */
export function policiesWith(inForce: InForce, draft: Text): Policy[] {
  const name = companyNameOf(draft.document)
  if (name === null) return [policyWith(inForce, draft)]
  const other = { ...inForce, company: { ...inForce.company, [name]: draft.content } }
  return [...inForce.documents.values()]
    .filter(({ document }) => workflowOf(document) !== null)
    .map((one) => policyWith(other, one))
}

/** A workflow's text as it runs with this company, and what is marked there. */
export function policyWith({ company, marks }: Pick<InForce, 'company' | 'marks'>, text: Text): Policy {
  return withMarks(versionOf(text, company).policy, marks)
}

/** In plain English, what a document would change. From null: there was none, and the answer is null. */
export function changesOf(
  document: DocumentName,
  from: { readonly content: unknown; readonly source: string } | null,
  to: { readonly content: unknown; readonly source: string },
  { company, marks }: Pick<InForce, 'company' | 'marks'>,
): Change[] | null {
  const name = companyNameOf(document)
  if (name !== null) {
    const before = { ...NO_COMPANY, [name]: from?.content ?? NO_COMPANY[name] }
    return companyChanges(before, { ...NO_COMPANY, [name]: to.content })
  }
  if (from === null) return null
  const of = (version: typeof to) => withMarks(versionOf(version, company).policy, marks)
  const policy = of(from)
  return diffPolicies(policy, { ...of(to), owners: policy.owners }, WORDS)
}

const WORDS = { pattern: (setting: PatternSetting) => patternOf(setting).sentence(setting) }
