import { foldText } from '../matching/fold-text.ts'
import { isPlaceholder, type TextKind } from '../matching/placeholder.ts'
import { remembered } from '../matching/places/remembered.ts'
import type { ObjectShape } from '../record/crm-profile.ts'
import { knownValue, missingField as unknownField } from '../record/field-value.ts'
import { Unknown } from '../record/knowledge.ts'
import { objectNouns } from '../record/object-noun.ts'
import { oncePer } from '../record/once-per.ts'
import { hasField } from '../record/person-form.ts'
import { TERRITORIES } from '../record/territories-field.ts'
import { visibleText } from '../record/visible-text.ts'
import type { CaseFacts } from '../rules/case-facts.ts'
import { howToRead, type UnreadText, unreadText } from '../rules/place-facts.ts'
import { either } from '../rules/render.ts'
import type { Finding } from './contract/finding.ts'
import { ONLY } from './contract/parameter.ts'
import { definePattern, finding, NOTHING } from './contract/pattern.ts'

const MINUTE_MS = 60_000

/**
 * A field that the workflow needs is blank after its grace, holds a text that people type where they have no answer, or is a
 * country that names none.
 */
export const missingField = definePattern({
  name: 'missing-field',
  title: 'Missing field',
  label: 'missing field',
  meaning:
    'A field that the workflow needs is blank, holds a placeholder, or is a country that names none, and the record is older than its grace period.',
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
      // A year: a blank that is normal for longer is no field that the workflow needs.
      most: 525_600,
      otherwise: 30,
    },
    alsoBlank: {
      kind: 'texts',
      says: 'Texts that count as blank in these fields, besides the placeholders that Lanekeeper knows, such as "n/a".',
    },
  },
  endsBy: 'field',
  sentence: ({ fields, graceMinutes }) =>
    `${either(fields)} is blank ${graceMinutes} minutes after the record was created`,
  fields: ({ fields }) => ({ read: fields, aged: [] }),
  detect({ fields, graceMinutes, alsoBlank }, { facts }) {
    let findings: Finding[] | null = null
    let unknown: Unknown | null = null
    let nextRecheckAtMs: number | null = null
    for (const field of fields) {
      const { record, shape, nowMs } = facts
      const value = knownValue(record, field)
      // A field that we cannot see is one of the inputs, which are reported; it is never taken for blank.
      if (value instanceof Unknown) continue
      const isBlank = value === null || isPlaceholder(value, kindsOf(shape)(field), alsoBlank)
      const unread = isBlank ? null : unreadCountryIn(field, facts)
      if (isBlank || unread !== null) {
        // A person has no industry, and a business no birthday: blank there is not missing.
        const isDue = hasField(record, field)
        if (isDue instanceof Unknown) unknown = Unknown.both(unknown, isDue)
        if (isDue !== true) continue
        const createdAt = knownValue(record, shape.createdAt)
        if (createdAt instanceof Unknown) {
          unknown = Unknown.both(unknown, createdAt)
          continue
        }
        const graceEndsMs = Date.parse(createdAt ?? '') + graceMinutes * MINUTE_MS
        // A record without a creation time (NaN) is not known to be new, so it has no grace.
        if (graceEndsMs > nowMs) {
          nextRecheckAtMs = graceEndsMs
          continue
        }
        findings ??= []
        findings.push(unread === null ? blankField(field, facts, value) : unreadField(unread, facts))
      }
    }
    if (findings === null && unknown === null && nextRecheckAtMs === null) return NOTHING
    return { findings: findings ?? [], unknown, nextRecheckAtMs }
  },
  clearing(_, { finding: { detail: field } }, { facts }) {
    const isCountry = field === facts.shape.country
    const verb = facts.record.values[field] == null ? 'fill in' : 'correct'
    return [{ field, to: isCountry ? 'Germany' : 'any value', says: `Fastest fix: ${verb} ${field}.` }]
  },
})

/** A country that is filled in and names none is missing all the same, and never called blank. */
function unreadCountryIn(field: string, facts: CaseFacts): UnreadText | null {
  return field === facts.shape.country ? unreadText('fact.country', facts) : null
}

function unreadField(unread: UnreadText, { record, shape }: CaseFacts): Finding {
  const { field, text, says } = unread
  return finding({
    pattern: 'missing-field',
    detail: field,
    what: `On this ${shape.noun}, ${says}.`,
    // Another thing to do than where it is blank.
    cause: `missing-field/${record.objectType}/${field}/not-understood`,
    causeTitle: `${field} of these ${objectNouns(record.crm, record.objectType)} names no country`,
    keyFacts: { field, text: foldText(text).trim() },
    todo: howToRead([unread]),
    evidence: { [field]: text },
    reports: new Unknown([unknownField(record, field, 'not-understood')]),
  })
}

const kindsOf = oncePer((shape: ObjectShape) => remembered((field) => kindOf(field, shape)))

/** By the role of the field; one of their own by its name, since no CRM says what it is for. */
function kindOf(field: string, shape: ObjectShape): TextKind {
  if (field === shape.companyName) return 'company-name'
  if (shape.name.includes(field)) return shape.about === 'account' ? 'company-name' : 'person-name'
  if (field === shape.email || /e-?_?mail/i.test(field)) return 'email'
  if (shape.phones.includes(field) || /phone|mobile|fax(?!es)/i.test(field)) return 'phone'
  if (field === shape.domain || /website|web_?site|domain/i.test(field)) return 'domain'
  if (field === shape.country) return 'country'
  return /(?:first|last|middle|sur)_?name/i.test(field) ? 'person-name' : 'other'
}

/** M47: what is missing of one field is filled in by one person who goes through a list. */
function blankField(field: string, { record, shape: { noun } }: CaseFacts, text: string | null): Finding {
  const nouns = objectNouns(record.crm, record.objectType)
  return finding({
    pattern: 'missing-field',
    detail: field,
    cause: `missing-field/${record.objectType}/${field}`,
    // From blank to "n/a" it is as missing as before.
    keyFacts: { field, text: null },
    ...(field === TERRITORIES
      ? {
          causeTitle: `These ${nouns} are assigned to no territory`,
          what: `This ${noun} is assigned to no territory.`,
          todo: 'Assign it to its territory in the CRM. If none covers it, ask your CRM admin for an assignment rule.',
        }
      : {
          causeTitle: `${field} is blank on these ${nouns}`,
          what:
            text === null
              ? `${field} is blank on this ${noun}.`
              : `${field} of this ${noun} is the placeholder "${visibleText(text).trim()}", which counts as blank.`,
          todo: `Fill in ${field}. If you can't find it, disqualify the ${noun}.`,
        }),
    evidence: { [field]: text },
  })
}
