import { knownValue } from '../record/field-value.ts'
import { Unknown } from '../record/knowledge.ts'
import { TERRITORIES } from '../record/territories-field.ts'
import { either } from '../rules/render.ts'
import type { Finding } from './contract/finding.ts'
import { ONLY } from './contract/parameter.ts'
import { definePattern, finding, NOTHING } from './contract/pattern.ts'

const MINUTE_MS = 60_000

/** A field that the workflow needs is blank after its grace. */
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
    let unknown: Unknown | null = null
    let nextRecheckAtMs: number | null = null
    for (const field of fields) {
      const { record, shape, nowMs } = facts
      const value = knownValue(record, field)
      // A field that we cannot see is one of the inputs, which are reported; it is never taken for blank.
      if (value === null) {
        const createdAt = knownValue(record, shape.createdAt)
        if (createdAt instanceof Unknown) {
          unknown = createdAt
          continue
        }
        const graceEndsMs = Date.parse(createdAt ?? '') + graceMinutes * MINUTE_MS
        // A record without a creation time (NaN) is not known to be new, so it has no grace.
        if (graceEndsMs > nowMs) {
          nextRecheckAtMs = graceEndsMs
          continue
        }
        findings ??= []
        findings.push(blankField(field, shape.noun))
      }
    }
    if (findings === null && unknown === null && nextRecheckAtMs === null) return NOTHING
    return { findings: findings ?? [], unknown, nextRecheckAtMs }
  },
  clearing(_, { finding: { detail: field } }) {
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
