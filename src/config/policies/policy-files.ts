import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BusinessCalendar } from '../../model/calendar/business-calendar.ts'
import { canonicalJson } from '../../model/policy/canonical.ts'
import { type Policy, type PolicyVersion, policyContent, type Territory } from '../../model/policy/policy.ts'
import { territoryConflicts } from '../../model/policy/territory-conflicts.ts'
import { type CompanyPeople, NO_COMPANY_PEOPLE } from '../../model/record/company-people.ts'
import { NO_READINGS, type Readings } from '../../model/record/readings.ts'
import { CalendarDocument } from '../company/calendar-document.ts'
import { TerritoriesDocument } from '../company/company-documents.ts'
import { PeopleDocument } from '../company/people-document.ts'
import { ReadingsDocument } from '../company/readings-document.ts'
import { type FileText, fileText } from '../yaml/file-text.ts'
import { type FileError, type Parsed, parseYaml, placeIn } from '../yaml/positioned-yaml.ts'
import { policyDocument, toPolicy } from './policy-document.ts'

export type LoadedPolicy = { readonly file: string; readonly source: string; readonly version: PolicyVersion }

export type RefusedPolicy = {
  readonly file: string
  /** As far as the file could be read. Null for the files that all workflows share. */
  readonly workflow: string | null
  readonly errors: FileError[]
}

export type Policies = {
  readonly loaded: LoadedPolicy[]
  readonly refused: RefusedPolicy[]
  /** What loads and runs, and contradicts itself for some records. */
  readonly doubtful: RefusedPolicy[]
}

/**
 * Loads every workflow of a configuration folder: `workflows/*.yaml`, with `territories.yaml`, `calendar.yaml` and, where
 * they are there, `readings.yaml` and `people.yaml` beside that folder. A file with a mistake is refused with its place and
 * takes no other workflow with it.
 */
export function loadPolicies(dir: string): Policies {
  const shared = loadShared(dir)
  const loaded: LoadedPolicy[] = []
  const refused: RefusedPolicy[] = [...shared.refused]
  const files = readdirSync(join(dir, 'workflows'))
    .filter((name) => /^[^.].*\.ya?ml$/.test(name))
    .sort()
  for (const name of files) {
    const file = join(dir, 'workflows', name)
    const source = readOrRefuse(file, refused)
    if (source === null) continue
    const parsed = parsePolicy(source, shared)
    if (!parsed.ok) {
      refused.push({ file, workflow: parsed.workflow, errors: parsed.errors })
      continue
    }
    const twin = loaded.find(({ version }) => version.policy.workflow === parsed.policy.workflow)
    if (twin !== undefined) {
      const message = `"${parsed.policy.workflow}" is already the workflow of ${twin.file}; each workflow has one file`
      refused.push({ file, workflow: null, errors: [{ ...placeIn(source, ['workflow']), message }] })
      continue
    }
    loaded.push({ file, source, version: { hash: policyHash(parsed.policy), policy: parsed.policy } })
  }
  return { loaded, refused, doubtful: loaded.flatMap(doubtsOf) }
}

/** W03: each rule that gives records to somebody who does not work their territory. */
function doubtsOf({ file, source, version }: LoadedPolicy): RefusedPolicy[] {
  const errors = territoryConflicts(version).map(({ branch, rule, says }) => ({
    ...placeIn(source, ['boundary', branch, 'rules', rule, 'owner']),
    message: says,
  }))
  return errors.length === 0 ? [] : [{ file, workflow: version.policy.workflow, errors }]
}

/** Null, with a refusal: a folder, a broken link, or a file that this user may not read. The other files still load. */
function readOrRefuse(file: string, refused: RefusedPolicy[]): string | null {
  const read = readText(file)
  if (read.ok) return read.text
  const { line, column, message } = read
  refused.push({ file, workflow: null, errors: [{ line, column, field: '', message }] })
  return null
}

function readText(file: string): FileText {
  try {
    return fileText(readFileSync(file))
  } catch (error) {
    const message = `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`
    return { ok: false, line: 1, column: 1, message }
  }
}

/**
 * Reads a version again that was in force, with what all workflows shared when it was made. Null where its
 * text is refused today, as after an update of Lanekeeper.
 */
export function reloadPolicy({ source, version }: Pick<LoadedPolicy, 'source' | 'version'>): PolicyVersion | null {
  const { territories, calendar, readings = NO_READINGS, people = NO_COMPANY_PEOPLE } = version.policy
  const parsed = parsePolicy(source, { territories, calendar, readings, people })
  return parsed.ok ? { hash: policyHash(parsed.policy), policy: parsed.policy } : null
}

/** SHA-256 of the content in canonical form, in hex: what every decision cites. Who holds its jobs is no part of it. */
export function policyHash(policy: Policy): string {
  return createHash('sha256')
    .update(canonicalJson(policyContent(policy)))
    .digest('hex')
}

type Shared = {
  readonly territories: readonly Territory[] | null
  readonly calendar: BusinessCalendar | null
  readonly readings: Readings | null
  readonly people: CompanyPeople | null
  readonly refused: RefusedPolicy[]
}

function loadShared(dir: string): Shared {
  const refused: RefusedPolicy[] = []
  const read = <T>(name: string, parse: (source: string) => Parsed<T>): T | null => {
    const file = join(dir, name)
    const parsed = parseFile(file, parse)
    if (parsed.ok) return parsed.value
    refused.push({ file, workflow: null, errors: parsed.errors })
    return null
  }
  const territories = read('territories.yaml', (source) => parseYaml(source, TerritoriesDocument))
  const calendar = read('calendar.yaml', (source) => parseYaml(source, CalendarDocument))
  // A company that never agreed on a reading has no such file.
  const readings = existsSync(join(dir, 'readings.yaml'))
    ? read('readings.yaml', (source) => parseYaml(source, ReadingsDocument))
    : NO_READINGS
  const people = existsSync(join(dir, 'people.yaml'))
    ? read('people.yaml', (source) => parseYaml(source, PeopleDocument))
    : NO_COMPANY_PEOPLE
  return { territories, calendar, readings, people, refused }
}

function parseFile<T>(file: string, parse: (source: string) => Parsed<T>): Parsed<T> {
  const read = readText(file)
  if (read.ok) return parse(read.text)
  const { line, column, message } = read
  return { ok: false, errors: [{ line, column, field: '', message: `${message}; every workflow needs this file` }] }
}

type ParsedPolicy =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly workflow: string | null; readonly errors: FileError[] }

/** Reads a workflow's text with what all workflows share; null of that: its file has a mistake. */
export function parsePolicy(source: string, shared: Omit<Shared, 'refused'>): ParsedPolicy {
  const { territories, calendar, readings, people } = shared
  const parsed = parseYaml(source, policyDocument())
  const workflow = workflowOf(parsed.raw)
  if (!parsed.ok) return { ok: false, workflow, errors: parsed.errors }
  if (territories === null || calendar === null || readings === null || people === null) {
    const missing = Object.entries(shared).find(([, document]) => document === null)?.[0]
    const message = `needs ${missing}.yaml, which has a mistake; correct that file first`
    return { ok: false, workflow, errors: [{ line: 1, column: 1, field: '', message }] }
  }
  return { ok: true, policy: toPolicy(parsed.value, territories, calendar, readings, people) }
}

function workflowOf(raw: unknown): string | null {
  if (typeof raw !== 'object' || raw === null) return null
  const { workflow } = raw as { workflow?: unknown }
  return typeof workflow === 'string' ? workflow : null
}
