import { type DriftKind, driftInWords } from '../record/schema-drift.ts'
import { TERRITORIES } from '../record/territories-field.ts'
import { isBlank } from '../rules/facts.ts'
import { either } from '../rules/render.ts'
import type { Finding } from './contract/finding.ts'
import { ONLY } from './contract/parameter.ts'
import { definePattern, finding, NOTHING } from './contract/pattern.ts'

const MINUTE_MS = 60_000

/** A field that the workflow needs is blank after its grace, or hidden from us, which is a different finding. */
export const missingField = definePattern({
  name: 'missing-field',
  title: 'Missing field',
  label: 'missing field',
  meaning: 'A field that the workflow needs is blank, and the record is older than its grace period.',
  parameters: {
    only: ONLY,
    fields: {
      kind: 'fields',
      says: 'Fields that must be filled in. `@territories`: the record must be in a territory.',
    },
    graceMinutes: {
      kind: 'whole-number',
      says: 'Minutes after creation in which a blank is normal.',
      least: 0,
      otherwise: 30,
    },
  },
  endsBy: 'field',
  sentence: ({ fields, graceMinutes }) =>
    `${either(fields)} is blank ${graceMinutes} minutes after the record was created`,
  fields: ({ fields }) => ({ read: fields, aged: [] }),
  detect({ fields, graceMinutes }, { facts }) {
    let findings: Finding[] | null = null
    let nextRecheckAtMs: number | null = null
    for (const field of fields) {
      const { record, shape, nowMs } = facts
      if (record.unreadable.has(field)) {
        findings ??= []
        findings.push(hiddenField(field, shape.noun, record.objectType, record.drifted?.get(field)))
      } else if (isBlank(record.values[field])) {
        const graceEndsMs = Date.parse(record.values[shape.createdAt] ?? '') + graceMinutes * MINUTE_MS
        // A record without a creation time (NaN) is not known to be new, so it has no grace.
        if (graceEndsMs > nowMs) {
          nextRecheckAtMs = graceEndsMs
          continue
        }
        findings ??= []
        findings.push(blankField(field, shape.noun))
      }
    }
    return findings === null && nextRecheckAtMs === null ? NOTHING : { findings: findings ?? [], nextRecheckAtMs }
  },
  clearing(_, { finding: { detail: field, unreadable } }) {
    if (unreadable.length > 0) return []
    return [{ field, to: 'any value', says: `Fastest fix: fill in ${field}.` }]
  },
})

function blankField(field: string, noun: string): Finding {
  return finding({
    pattern: 'missing-field',
    detail: field,
    ...(field === TERRITORIES
      ? {
          what: `This ${noun} is assigned to no territory.`,
          todo: 'Assign it to its territory in the CRM. If none covers it, ask your CRM admin for an assignment rule.',
        }
      : {
          what: `${field} is blank on this ${noun}.`,
          todo: `Fill in ${field}. If you can't find it, disqualify the ${noun}.`,
        }),
    evidence: { [field]: null },
  })
}

function hiddenField(field: string, noun: string, objectType: string, drift: DriftKind | undefined): Finding {
  const isHidden = drift === undefined
  return finding({
    pattern: 'missing-field',
    detail: field,
    what: isHidden
      ? `Our credentials may not read ${field}, so we cannot tell whether this ${noun} has one.`
      : `${driftInWords(field, drift)}, so we cannot tell whether this ${noun} has one.`,
    cause: `unreadable/${objectType}/${field}`,
    causeTitle: isHidden ? `Our credentials may not read ${field} of any ${noun}` : driftInWords(field, drift),
    evidence: { [field]: null },
    unreadable: [field],
    todo:
      drift === 'not-read'
        ? `Wait: Lanekeeper is reading ${field} now. If this stays open, ask your CRM admin to let the integration user read it.`
        : isHidden
          ? `Ask your CRM admin to let the integration user read ${field}. Until then no rule uses it.`
          : `Ask your CRM admin what happened to ${field}; the field or the workflow needs a fix. Until then no rule uses it.`,
  })
}
