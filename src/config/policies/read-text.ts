import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BusinessCalendar } from '../../model/calendar/business-calendar.ts'
import type { Policy, Territory } from '../../model/policy/policy.ts'
import { type CompanyPeople, NO_COMPANY_PEOPLE } from '../../model/record/company-people.ts'
import { NO_READINGS, type Readings } from '../../model/record/readings.ts'
import { CalendarDocument } from '../company/calendar-document.ts'
import { TerritoriesDocument } from '../company/company-documents.ts'
import { PeopleDocument } from '../company/people-document.ts'
import { ReadingsDocument } from '../company/readings-document.ts'
import { fileText } from '../yaml/file-text.ts'
import { type FileError, parseYaml } from '../yaml/positioned-yaml.ts'
import { parsePolicy } from './policy-files.ts'

/** What all workflows of a company share. */
export type Company = {
  readonly territories: readonly Territory[]
  readonly calendar: BusinessCalendar
  readonly readings: Readings
  readonly people: CompanyPeople
}

/** Before a company has published any of it. */
export const NO_COMPANY: Company = {
  territories: [],
  calendar: {
    timeZone: 'UTC',
    workingDays: [1, 2, 3, 4, 5],
    opensAtMinute: 9 * 60,
    closesAtMinute: 17 * 60,
    holidays: [],
  },
  readings: NO_READINGS,
  people: NO_COMPANY_PEOPLE,
}

export type ReadText<Content> =
  | { readonly ok: true; readonly content: Content }
  | { readonly ok: false; readonly errors: readonly FileError[] }

/** The text of a workflow, with what its company shares. */
export function readWorkflowText(
  source: string,
  company: Company,
): ReadText<Policy> & { readonly workflow: string | null } {
  const parsed = parsePolicy(source, company)
  if (parsed.ok) return { ok: true, content: parsed.policy, workflow: parsed.policy.workflow }
  return { ok: false, errors: parsed.errors, workflow: parsed.workflow }
}

/** The text of one of the files that all workflows share. */
export function readCompanyText<Name extends keyof Company>(name: Name, source: string): ReadText<Company[Name]> {
  const parsed = parseYaml(source, COMPANY_SCHEMAS[name])
  if (!parsed.ok) return parsed
  return { ok: true, content: parsed.value as unknown as Company[Name] }
}

const COMPANY_SCHEMAS = {
  territories: TerritoriesDocument,
  calendar: CalendarDocument,
  readings: ReadingsDocument,
  people: PeopleDocument,
} as const

export type ConfigText = { readonly file: string; readonly of: 'workflow' | keyof Company; readonly source: string }

/** The texts of a configuration folder as they are now. A file that is not text is left out: it has no version. */
export function configTexts(dir: string): ConfigText[] {
  const company = (Object.keys(COMPANY_SCHEMAS) as (keyof Company)[]).flatMap((of) =>
    textOf(join(dir, `${of}.yaml`), of),
  )
  const workflows = namesIn(join(dir, 'workflows')).flatMap((name) => textOf(join(dir, 'workflows', name), 'workflow'))
  return [...company, ...workflows]
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^[^.].*\.ya?ml$/.test(name))
      .sort()
  } catch {
    return []
  }
}

function textOf(file: string, of: ConfigText['of']): ConfigText[] {
  try {
    const read = fileText(readFileSync(file))
    return read.ok ? [{ file, of, source: read.text }] : []
  } catch {
    return []
  }
}
