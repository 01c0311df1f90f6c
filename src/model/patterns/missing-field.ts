import type { PatternSetting } from '../policy/policy.ts'
import { type DriftKind, driftInWords } from '../record/schema-drift.ts'
import { TERRITORIES } from '../record/territories-field.ts'
import { isBlank } from '../rules/facts.ts'
import type { Finding } from './finding.ts'
import { type Case, type Detection, finding, NOTHING } from './pattern.ts'

const MINUTE_MS = 60_000

/** A field that the workflow needs is blank after its grace, or hidden from us, which is a different finding. */
export function missingField(
  setting: Extract<PatternSetting, { pattern: 'missing-field' }>,
  { facts }: Case,
): Detection {
  const { record, shape, nowMs } = facts
  let findings: Finding[] | null = null
  let nextRecheckAtMs: number | null = null
  for (const field of setting.fields) {
    if (record.unreadable.has(field)) {
      findings ??= []
      findings.push(hiddenField(field, shape.noun, record.objectType, record.drifted?.get(field)))
    } else if (isBlank(record.values[field])) {
      const graceEndsMs = Date.parse(record.values[shape.createdAt] ?? '') + setting.graceMinutes * MINUTE_MS
      // A record without a creation time (NaN) is not known to be new, so it has no grace.
      if (graceEndsMs > nowMs) {
        nextRecheckAtMs = graceEndsMs
        continue
      }
      findings ??= []
      findings.push(
        finding({
          pattern: 'missing-field',
          detail: field,
          ...(field === TERRITORIES
            ? {
                what: `This ${shape.noun} is assigned to no territory.`,
                todo: `Assign it to its territory in the CRM. If none covers it, tell whoever keeps the assignment rules.`,
              }
            : {
                what: `${field} is blank on this ${shape.noun}.`,
                todo: `Find out ${field} and fill it in. If it cannot be known, close the ${shape.noun} in the way your team does.`,
              }),
          evidence: { [field]: null },
        }),
      )
    }
  }
  return findings === null && nextRecheckAtMs === null ? NOTHING : { findings: findings ?? [], nextRecheckAtMs }
}

function hiddenField(field: string, noun: string, objectType: string, drift: DriftKind | undefined): Finding {
  const isHidden = drift === undefined
  return finding({
    pattern: 'missing-field',
    detail: field,
    what: isHidden
      ? `We may not read ${field}, so nobody can say whether it is filled in on this ${noun}.`
      : `${driftInWords(field, drift)}, so nobody can say whether it is filled in on this ${noun}.`,
    cause: `unreadable/${objectType}/${field}`,
    causeTitle: isHidden ? `${field} of every ${noun} is hidden from our credentials` : driftInWords(field, drift),
    evidence: { [field]: null },
    unreadable: [field],
    todo:
      drift === 'not-read'
        ? `Wait until ${field} was read, which is under way. Where this stays, ask your CRM admin to let the integration user read it.`
        : isHidden
          ? `Ask your CRM admin to let the integration user read ${field}. Nothing is decided on it before then.`
          : `See with your CRM admin what became of ${field}; the workflow or the field has to be put right. Nothing is decided on it before then.`,
  })
}
