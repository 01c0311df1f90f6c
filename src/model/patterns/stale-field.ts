import { afterFullBusinessDays, fullBusinessDaysBetween } from '../calendar/business-time.ts'
import type { PatternSetting } from '../policy/policy.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import { isBlank } from '../rules/facts.ts'
import type { Finding } from './finding.ts'
import { type Case, type Detection, finding, NOTHING } from './pattern.ts'

const DAY_MS = 86_400_000

/** A field has a value, and nobody has touched it for longer than its window of business days. */
export function staleField(
  setting: Extract<PatternSetting, { pattern: 'stale-field' }>,
  { facts, policy }: Case,
): Detection {
  const { record, shape, nowMs } = facts
  let findings: Finding[] | null = null
  let nextRecheckAtMs: number | null = null
  for (const field of setting.fields) {
    const value = record.values[field]
    if (isBlank(value)) continue
    const changedAtMs = lastChangeMs(record, field, shape.modifiedAt)
    if (changedAtMs === null) continue
    const isSurelyFresh = nowMs - changedAtMs < setting.businessDays * DAY_MS
    const days = isSurelyFresh ? 0 : fullBusinessDaysBetween(policy.calendar, changedAtMs, nowMs)
    if (days < setting.businessDays) {
      const staleAtMs = afterFullBusinessDays(policy.calendar, changedAtMs, setting.businessDays)
      if (nextRecheckAtMs === null || staleAtMs < nextRecheckAtMs) nextRecheckAtMs = staleAtMs
      continue
    }
    const since = new Date(changedAtMs).toISOString()
    findings ??= []
    findings.push(
      finding({
        pattern: 'stale-field',
        detail: field,
        what: `${field} of this ${shape.noun} has not changed since ${since.slice(0, 10)}, ${days} business days.`,
        evidence: { [field]: value ?? null, [`${field} changed at`]: since },
        todo: `Check whether ${field} is still true and set it to what is. Setting it again to the same value does not count.`,
      }),
    )
  }
  return findings === null && nextRecheckAtMs === null ? NOTHING : { findings: findings ?? [], nextRecheckAtMs }
}

/** Where the CRM keeps no history of a field, the record's last modification counts: the field cannot be newer. */
function lastChangeMs(record: CrmRecord, field: string, modifiedField: string): number | null {
  const stamp = record.stamps[field]
  if (stamp !== undefined) return stamp.atMs
  const modifiedMs = Date.parse(record.values[modifiedField] ?? '')
  return Number.isNaN(modifiedMs) ? null : modifiedMs
}
