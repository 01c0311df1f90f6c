import type { TaskWrite } from '../../crm-client.ts'
import { longId } from '../http/record-id.ts'
import { type Row, text } from '../rest/query.ts'
import type { RefusedRow } from './row-outcome.ts'

/** The record that a task hangs on, in Salesforce's two fields: Name (`WhoId`) and Related To (`WhatId`). */
type Relation = { readonly WhoId?: string | null; readonly WhatId?: string | null }

const FIELDS = ['WhoId', 'WhatId'] as const

/** Leads and contacts go into WhoId, everything else into WhatId; a lead in WhoId excludes any WhatId. */
export function relationOf(about: TaskWrite['about']): Relation {
  if (about === null) return {}
  return isPerson(about) ? { WhoId: about.recordId } : { WhatId: about.recordId }
}

/**
 * What to send of the relation of a task that is there. Nothing, unless we want it on another record: a field that is sent
 * as it was is checked again, and Salesforce refuses a converted lead even then. The other field is emptied, because it
 * was about the record of before.
 */
export function relationChange({ about, rehang }: Pick<TaskWrite, 'about' | 'rehang'>, now: Row): Relation {
  if (about === null || !rehang) return {}
  const [field, other] = isPerson(about) ? (['WhoId', 'WhatId'] as const) : (['WhatId', 'WhoId'] as const)
  if (longId(text(now[field]) ?? '') === longId(about.recordId)) return {}
  return { [field]: about.recordId, ...(text(now[other]) === null ? {} : { [other]: null }) }
}

function isPerson({ objectType }: NonNullable<TaskWrite['about']>): boolean {
  return objectType === 'Lead' || objectType === 'Contact'
}

export function withoutRelation(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== 'WhoId' && name !== 'WhatId'))
}

const CONVERTED = 'CANNOT_UPDATE_CONVERTED_LEAD'
/** Codes that name a record which the written one points at, by the field that does. */
const OF_A_REFERENCE: ReadonlySet<string> = new Set([
  'ENTITY_IS_DELETED',
  'INVALID_CROSS_REFERENCE_KEY',
  'INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY',
  'INSUFFICIENT_ACCESS_OR_READONLY',
  'FIELD_INTEGRITY_EXCEPTION',
  'MALFORMED_ID',
])

/** Whether Salesforce refused a row for the record that it should hang on, and not for anything else of it. */
export function isAboutRelation(refusal: RefusedRow, record: Readonly<Record<string, unknown>>): boolean {
  const sent = FIELDS.filter((field) => typeof record[field] === 'string')
  if (sent.length === 0) return false
  const { code, message, fields } = refusal
  // A task is no lead, so this code speaks of one that it names.
  if (code === CONVERTED) return true
  if (!OF_A_REFERENCE.has(code)) return false
  if (fields.length > 0) return fields.every((name) => (FIELDS as readonly string[]).includes(name))
  return sent.some((field) => message.includes(String(record[field]).slice(0, 15))) || isOfNewTask(refusal, record)
}

/** Of a task that is not there yet only something that it names can be deleted; Salesforce refuses a gone owner by its field. */
function isOfNewTask({ code }: RefusedRow, record: Readonly<Record<string, unknown>>): boolean {
  return code === 'ENTITY_IS_DELETED' && record.id === undefined
}
