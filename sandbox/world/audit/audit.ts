import { TERRITORIES, type Territory } from '../brightwater/cast.ts'
import type { Label } from '../records/world.ts'
import { type AuditRecord, type AuditState, isBlank, OBJECTS, type ObjectName } from './audit-record.ts'
import { findMatches, hasDuplicateOwnership } from './duplicate-ownership.ts'
import { isoOf } from './match-keys.ts'
import { activeEmails, type OwnerState, ownerOf } from './owner-state.ts'

const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  contacts: ['country', 'company'],
  Lead: ['Country', 'Company', 'Email'],
  companies: ['country', 'industry'],
  Account: ['BillingCountry', 'Industry'],
}
const GRACE_MS = 30 * 60_000
const STALE_AFTER_DAYS = 20
const FLAPPING_WINDOW_MS = 72 * 3_600_000
const TERRITORY_OF = new Map(TERRITORIES.flatMap((t) => t.countries.map((iso) => [iso, t] as const)))
/** Countries whose leads a reviewer assigns instead of a rule. */
const REVIEWED_COUNTRIES = new Set(['JP'])

type Finding = { readonly pattern: string; readonly detail?: string }

/**
 * A second reading of docs/patterns.md that shares no code with the product: slow and plain, over both CRMs at once.
 * A generated world's labels must be exactly what it finds; otherwise the demo's precision and recall would measure
 * mistakes of the world.
 */
export function audit(state: AuditState, nowMs: number): Label[] {
  const matches = findMatches(state)
  const active = activeEmails(state.people)
  const found: Label[] = []
  for (const record of state.records) {
    if (!(record.object in OBJECTS) || record.object === 'Contact' || !inScope(record)) continue
    const owner = ownerOf(record, state.people)
    const findings: Finding[] = [
      ...missingFields(record, nowMs),
      ...staleStatus(record, nowMs),
      ...(hasDuplicateOwnership(record, matches) ? [{ pattern: 'duplicate-ownership' }] : []),
      ...(hasStaleTerritory(record, owner, active[record.crm]) ? [{ pattern: 'stale-territory' }] : []),
      ...(isOrphaned(record, owner) ? [{ pattern: 'orphaned-owner' }] : []),
      ...(isFlapping(record, nowMs) ? [{ pattern: 'ownership-flapping' }] : []),
      ...waitingForReviewer(record, owner),
    ]
    for (const { pattern, detail = '' } of findings) {
      found.push({ pattern, crm: record.crm, objectType: record.object, recordId: record.id, detail, why: 'audit' })
    }
  }
  return found
}

function inScope({ object, values }: AuditRecord): boolean {
  if (object === 'contacts')
    return ['lead', 'marketingqualifiedlead', 'salesqualifiedlead'].includes(values.lifecyclestage ?? '')
  if (object === 'Lead')
    return values.IsConverted === 'false' && !['Closed', 'Unqualified'].includes(values.Status ?? '')
  if (object === 'companies') return values.type !== 'PARTNER'
  return values.Type !== 'Partner'
}

function missingFields({ object, values, createdAtMs }: AuditRecord, nowMs: number): Finding[] {
  if (nowMs - createdAtMs < GRACE_MS) return []
  return REQUIRED[object]!.filter((field) => isBlank(values[field])).map((detail) => ({
    pattern: 'missing-field',
    detail,
  }))
}

function staleStatus({ object, values, changedAtMs }: AuditRecord, nowMs: number): Finding[] {
  const status = object === 'contacts' ? 'hs_lead_status' : object === 'Lead' ? 'Status' : null
  if (status === null || isBlank(values[status])) return []
  const isStale = fullWorkingDays(changedAtMs[status]!, nowMs) >= STALE_AFTER_DAYS
  return isStale ? [{ pattern: 'stale-field', detail: status }] : []
}

function hasStaleTerritory(record: AuditRecord, owner: OwnerState, active: ReadonlySet<string>): boolean {
  const territory = territoryOfCountry(record)
  if (territory === undefined) return false
  const members = [territory.enterpriseRep, territory.commercialRep]
  const field = record.values[OBJECTS[record.object as ObjectName].territory!]
  const elsewhere = !isBlank(field) && field!.trim() !== territory.id
  const stranger = owner.state === 'active' && !members.includes(owner.email)
  const deserted = !members.some((email) => active.has(email))
  return elsewhere || stranger || deserted
}

function isOrphaned(record: AuditRecord, owner: OwnerState): boolean {
  const isPerson = OBJECTS[record.object as ObjectName].person
  return ['inactive', 'deleted', 'empty-queue'].includes(owner.state) || (!isPerson && owner.state === 'none')
}

function isFlapping({ ownerChangesAtMs: changes }: AuditRecord, nowMs: number): boolean {
  const since = nowMs - FLAPPING_WINDOW_MS
  const within = changes.filter((change, i) => i > 0 && change.atMs >= since)
  if (within.length < 3) return false
  const present = changes.at(-1)!.owner
  // The owner when the window began also owned the record within the window.
  const before = changes.slice(0, -1).filter((_, i) => changes[i + 1]!.atMs >= since)
  return before.some((change) => change.owner === present)
}

/** An unassigned contact or queued lead that no rule can assign. */
function waitingForReviewer(record: AuditRecord, owner: OwnerState): Finding[] {
  const waits =
    record.object === 'contacts' ? owner.state === 'none' : record.object === 'Lead' && owner.state === 'queue'
  if (!waits) return []
  const iso = isoOf(record.values[OBJECTS[record.object as ObjectName].country])
  if (iso !== null && REVIEWED_COUNTRIES.has(iso)) return [{ pattern: 'branch-review' }]
  return territoryOfCountry(record) === undefined ? [{ pattern: 'no-rule' }] : []
}

function territoryOfCountry(record: AuditRecord): Territory | undefined {
  const iso = isoOf(record.values[OBJECTS[record.object as ObjectName].country])
  return iso === null ? undefined : TERRITORY_OF.get(iso)
}

/** Whole days from Monday to Friday, in UTC: no record of the world is so close to the limit that a zone matters. */
function fullWorkingDays(fromMs: number, toMs: number): number {
  const dayMs = 86_400_000
  let days = 0
  for (let start = Math.ceil(fromMs / dayMs) * dayMs; start + dayMs <= toMs; start += dayMs) {
    const weekday = new Date(start).getUTCDay()
    if (weekday !== 0 && weekday !== 6) days++
  }
  return days
}
