import { afterFullBusinessDays, fullBusinessDaysBetween } from '../calendar/business-time.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import { knownValue } from '../record/field-value.ts'
import { Unknown } from '../record/knowledge.ts'
import { either } from '../rules/render.ts'
import type { Finding } from './contract/finding.ts'
import { ONLY } from './contract/parameter.ts'
import { definePattern, finding, NOTHING } from './contract/pattern.ts'

const DAY_MS = 86_400_000

/** A field has a value that has not changed within its window of business days. */
export const staleField = definePattern({
  name: 'stale-field',
  title: 'Stale field',
  label: 'stale field',
  meaning: 'A field has a value that has not changed for the given number of full business days.',
  parameters: {
    only: ONLY,
    fields: { kind: 'fields', says: 'Fields whose values must stay fresh.' },
    businessDays: {
      kind: 'whole-number',
      says: 'Full business days without a change after which a value is stale.',
      least: 1,
      most: 500,
    },
  },
  endsBy: 'field',
  sentence: ({ fields, businessDays }) => `${either(fields)} has not changed for ${businessDays} business days`,
  fields: ({ fields }) => ({ read: fields, aged: fields }),
  detect({ fields, businessDays }, { facts, compiled }) {
    const { record, shape, nowMs } = facts
    const { calendar } = compiled.policy
    let findings: Finding[] | null = null
    let unknown: Unknown | null = null
    let nextRecheckAtMs: number | null = null
    for (const field of fields) {
      const value = knownValue(record, field)
      // A field that we cannot see is one of the inputs, which are reported.
      if (value === null || value instanceof Unknown) continue
      const changedAtMs = lastChangeMs(record, field, shape.modifiedAt)
      if (changedAtMs instanceof Unknown) unknown = Unknown.both(unknown, changedAtMs)
      if (changedAtMs === null || changedAtMs instanceof Unknown) continue
      const isSurelyFresh = nowMs - changedAtMs < businessDays * DAY_MS
      const days = isSurelyFresh ? 0 : fullBusinessDaysBetween(calendar, changedAtMs, nowMs)
      if (days < businessDays) {
        const staleAtMs = afterFullBusinessDays(calendar, changedAtMs, businessDays)
        if (nextRecheckAtMs === null || staleAtMs < nextRecheckAtMs) nextRecheckAtMs = staleAtMs
        continue
      }
      const since = new Date(changedAtMs).toISOString()
      findings ??= []
      findings.push(
        finding({
          pattern: 'stale-field',
          detail: field,
          what: `${field} of this ${shape.noun} has not changed for ${days} business days, since ${since.slice(0, 10)}.`,
          evidence: { [field]: value, [`${field} changed at`]: since },
          keyFacts: { field, value, since, businessDays },
          todo: `Check ${field} and update it. Saving the same value won't close this.`,
        }),
      )
    }
    if (findings === null && unknown === null && nextRecheckAtMs === null) return NOTHING
    return { findings: findings ?? [], unknown, nextRecheckAtMs }
  },
  clearing(_, { finding: { detail: field } }, { facts }) {
    const to = facts.record.values[field] ?? ''
    return [{ field, to, says: `Fastest fix: update ${field}.` }]
  },
})

/** Where the CRM keeps no history of a field, the record's last modification counts: the field cannot be newer. */
function lastChangeMs(record: CrmRecord, field: string, modifiedField: string): number | Unknown | null {
  const stamp = record.stamps[field]
  if (stamp !== undefined) return stamp.atMs
  const modifiedAt = knownValue(record, modifiedField)
  if (modifiedAt instanceof Unknown) return modifiedAt
  const modifiedMs = Date.parse(modifiedAt ?? '')
  return Number.isNaN(modifiedMs) ? null : modifiedMs
}
