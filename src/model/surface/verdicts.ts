import type { PatternName } from '../policy/policy.ts'
import { n, percent } from './numbers.ts'
import type { FieldCount, SourceOfObject, Surface } from './surface.ts'

export type Verdict = {
  readonly about: 'rules-based' | 'data-foundation' | 'write-the-rule'
  /** Whether the surface says so. */
  readonly holds: boolean
  readonly title: string
  /** The numbers that it rests on, in sentences. */
  readonly because: readonly string[]
  readonly definition: string
}

/** Part of M37: account rules that differ are not counted yet. Orphaned owners count as incomplete ownership. */
const OWNERSHIP_AND_FIELDS: readonly PatternName[] = [
  'duplicate-ownership',
  'stale-territory',
  'missing-field',
  'stale-field',
  'orphaned-owner',
]
/** More than half: with less, something else is the larger problem. */
const MAJORITY = 0.5
/** A fifth of the cases, or a tenth of an object's records: below that, gaps are ordinary work and no foundation problem. */
const WEAK_SHARE_OF_CASES = 0.2
const WEAK_SHARE_OF_RECORDS = 0.1
const NAMED_MAX = 6

export function verdictsOf(surface: Surface): Verdict[] {
  return [rulesBased(surface), dataFoundation(surface), writeTheRule(surface)]
}

function rulesBased({ cases }: Surface): Verdict {
  const of = (pattern: PatternName) => cases.byPattern.find((row) => row.pattern === pattern)?.cases ?? 0
  const ours = OWNERSHIP_AND_FIELDS.reduce((sum, pattern) => sum + of(pattern), 0)
  const holds = cases.open > 0 && ours / cases.open > MAJORITY
  return {
    about: 'rules-based',
    holds,
    title: holds
      ? 'Keep it rules-based for now'
      : cases.open === 0
        ? 'Nothing is open, so nothing speaks for or against rules'
        : 'Ownership and fields are not the larger part of this surface',
    because: [
      `${n(ours)} of ${n(cases.open)} open cases (${percent(ours, cases.open)}) are about who owns a record or what is missing on it: ` +
        `${n(of('duplicate-ownership'))} duplicate ownership, ${n(of('stale-territory'))} stale territory, ` +
        `${n(of('missing-field') + of('stale-field'))} missing or stale fields, ${n(of('orphaned-owner'))} orphaned owners.`,
      ...(holds
        ? ['A smarter model does not know who should own a record either. Clear rules and filled fields do.']
        : []),
    ],
    definition:
      'Holds when more than half of the open cases are duplicate ownership, stale territory, missing or stale fields, or orphaned owners.',
  }
}

function dataFoundation({ cases, fields, sources }: Surface): Verdict {
  const aboutFields = fields.reduce((sum, field) => sum + field.missing + field.stale, 0)
  const gappy = fields.filter(
    ({ isRequired, blank, records }) => isRequired && records > 0 && blank / records >= WEAK_SHARE_OF_RECORDS,
  )
  const hidden = fields.filter(({ isUnreadable }) => isUnreadable)
  const manyCases = cases.open > 0 && aboutFields / cases.open >= WEAK_SHARE_OF_CASES
  const holds = manyCases || gappy.length > 0 || hidden.length > 0
  const byCases = fields
    .filter(({ missing, stale }) => missing + stale > 0)
    .toSorted((a, b) => b.missing + b.stale - (a.missing + a.stale))
  const because = [
    `${n(aboutFields)} of ${n(cases.open)} open cases (${percent(aboutFields, cases.open)}) are about missing or stale fields.`,
  ]
  if (byCases.length > 0)
    because.push(`Fields with the most cases: ${named(byCases, (f) => `${n(f.missing + f.stale)}`)}.`)
  if (gappy.length > 0) {
    because.push(`Blank in a tenth or more of the records: ${named(gappy, (f) => percent(f.blank, f.records))}.`)
  }
  if (hidden.length > 0) because.push(`Not readable with our permissions: ${named(hidden, () => null)}.`)
  because.push(...sourceSentences(sources))
  return {
    about: 'data-foundation',
    holds,
    title: holds ? 'The source systems are a data-foundation problem' : 'No sign of weak source systems',
    because,
    definition:
      'Holds when a fifth or more of the open cases are about missing or stale fields, or a field that a workflow calls missing when blank is so in a tenth or more of the records of its object, or may not be read.',
  }
}

function sourceSentences(sources: readonly SourceOfObject[]): string[] {
  const known = sources.flatMap(({ objectType, bySource }) =>
    bySource.filter(({ weak }) => weak > 0).map((row) => ({ ...row, objectType })),
  )
  if (known.length === 0) {
    return sources.some(({ notRead }) => notRead !== null)
      ? ['Which source these records came from is not known: the field that says so is not read, see below.']
      : []
  }
  const first = known.toSorted((a, b) => b.weak - a.weak).slice(0, NAMED_MAX)
  return [
    `Sources with the most such records: ${first.map((s) => `${s.source} (${s.objectType}, ${n(s.weak)})`).join(', ')}.`,
  ]
}

function named(fields: readonly FieldCount[], says: (field: FieldCount) => string | null): string {
  const texts = fields.slice(0, NAMED_MAX).map((field) => {
    const note = says(field)
    return `${field.objectType}.${field.field}${note === null ? '' : ` (${note})`}`
  })
  return fields.length > NAMED_MAX ? `${texts.join(', ')} and ${fields.length - NAMED_MAX} more` : texts.join(', ')
}

function writeTheRule({ rules, cases }: Surface): Verdict {
  const { settled, 'could-settle': could } = rules.byOutcome
  const all = cases.open + settled
  const predictable = settled + could + rules.repeatedCases
  const holds = all > 0 && predictable / all > MAJORITY
  return {
    about: 'write-the-rule',
    holds,
    title: holds ? 'Most of this is predictable: write the rule' : 'Most of this is not predictable yet',
    because: [
      `${n(predictable)} of ${n(all)} cases (${percent(predictable, all)}) come in forms that a rule can name: ` +
        `${n(settled)} that rules have settled, ${n(could)} that a written rule covers, ` +
        `${n(rules.repeatedCases)} without a rule that repeat in the same form.`,
    ],
    definition:
      'Holds when more than half of all cases, open and settled, were settled by a rule, are covered by one, or have no rule yet and repeat at least five times for the same reason.',
  }
}
