import { territoryName } from '../matching/territory-name.ts'
import { standIn } from '../people/stand-in.ts'
import type { CompiledPolicy, CompiledTerritory } from '../policy/compile.ts'
import { crmProfile } from '../record/crm-profile.ts'
import type { CrmUser } from '../record/crm-user.ts'
import { knownValue } from '../record/field-value.ts'
import { Unknown } from '../record/knowledge.ts'
import { TERRITORIES } from '../record/territories-field.ts'
import type { CaseFacts } from '../rules/case-facts.ts'
import { firstMatch } from '../rules/evaluate.ts'
import { nextRowFlipMs } from '../rules/next-flip.ts'
import { either, renderField, together } from '../rules/render.ts'
import { assignedTerritories } from './contract/assigned-territories.ts'
import { type ClearingChange, ownerChanges } from './contract/clearing-change.ts'
import { evidenceOf } from './contract/evidence.ts'
import type { Finding } from './contract/finding.ts'
import { inputClasses } from './contract/input-classes.ts'
import { ONLY } from './contract/parameter.ts'
import {
  type AheadOf,
  type Detection,
  definePattern,
  finding,
  found,
  NOTHING,
  notKnown,
  type PatternInput,
} from './contract/pattern.ts'
import { ownerEvidence, ownsInWords, personInWords } from './contract/wording.ts'

/** The territory or owner on the record is not what the territory table gives for its present values. */
export const staleTerritory = definePattern({
  name: 'stale-territory',
  title: 'Stale territory',
  label: 'stale territory',
  meaning: "The record's territory or owner is not the one that the territory table gives for its present values.",
  parameters: {
    only: ONLY,
    field: {
      kind: 'field',
      says: 'The field that holds the territory. `@territories`: what the CRM assigns the record to.',
    },
  },
  floor: 'risky',
  recheck: 'by its age it may belong to another territory then',
  sentence: ({ field }) =>
    field === TERRITORIES
      ? 'no assigned territory, or not the owner, matches the territory table'
      : `${field} or the owner does not match the territory table`,
  fields: ({ field }) => ({ read: [field], aged: [] }),
  inputs: ({ field }, { owner }) => [field, owner],
  detect({ field }, { facts, compiled, ahead }) {
    const row = firstMatch(compiled.territories, facts)
    const { aging } = compiled
    const detection = judged(row, field, { facts, compiled, ahead })
    if (aging.territories.length === 0) return detection
    // Another territory gets the record when an earlier row of the table begins to hold, which only an age does by itself.
    const territories: readonly unknown[] = compiled.territories
    const place = territories.indexOf(row)
    const nextRecheckAtMs = nextRowFlipMs(aging.territories, place, facts)
    return nextRecheckAtMs === null ? detection : { ...detection, nextRecheckAtMs }
  },
  clearing({ field }, { finding: { evidence } }, { facts, compiled }) {
    const { record } = facts
    const right = evidence['territory by table'] ?? ''
    const from = evidence[field] ?? 'blank'
    const isAssignment = field === TERRITORIES
    const says = isAssignment
      ? `Fastest fix: assign it to the territory ${right} instead of ${together(assignedTerritories(record).inWords)}.`
      : `Fastest fix: set ${field} to ${right} instead of ${from}.`
    const row = compiled.territories.find(({ territory }) => territory.territory === right)
    const present = compiled.territories.filter((one) =>
      isAssignment ? assignedTerritories(record).includes(one) : one.names.has(territoryName(from)),
    )
    return [{ field, to: right, says }, ...ownerChanges(row?.members ?? [], facts), ...addressChanges(present, facts)]
  },
})

function judged(
  row: CompiledTerritory | Unknown | null,
  field: string,
  { facts, compiled, ahead }: Pick<PatternInput, 'facts' | 'compiled' | 'ahead'>,
): Detection {
  if (row === null) return NOTHING
  if (row instanceof Unknown) return notKnown(row)
  const wrong =
    (field === TERRITORIES ? wrongAssignment(row, facts) : wrongField(field, row, facts)) ??
    wrongOwner(row, compiled, facts, ahead) ??
    vacantTerritory(row, facts)
  if (wrong !== null)
    return found({ ...staleFinding(wrong, field, row, facts, ahead), keyFacts: rests(field, row, compiled, facts) })
  return facts.ownerUnknown === null ? NOTHING : notKnown(facts.ownerUnknown)
}

/** A record stays where it was as long as the table places it by the same rows. */
function rests(
  field: string,
  { territory: { territory, members } }: CompiledTerritory,
  { territories }: CompiledPolicy,
  facts: CaseFacts,
): Readonly<Record<string, unknown>> {
  const present = knownValue(facts.record, field)
  const rows = territories.slice(0, territories.findIndex((one) => one.territory.territory === territory) + 1)
  return {
    present: present instanceof Unknown ? 'unknown' : present,
    territory,
    members: [...members].sort(),
    inputs: inputClasses(
      rows.flatMap(({ when }) => when),
      facts,
    ),
  }
}

type Wrong = Pick<Finding, 'what' | 'todo'> & Partial<Pick<Finding, 'cause' | 'causeTitle'>>

function staleFinding(
  wrong: Wrong,
  field: string,
  row: CompiledTerritory,
  facts: CaseFacts,
  ahead: AheadOf | undefined,
): Finding {
  const present = knownValue(facts.record, field)
  return finding({
    pattern: 'stale-territory',
    evidence: {
      ...evidenceOf(row.when, facts),
      // What is not known is no evidence: an assignment that was not read yet is not the same as none.
      ...(present instanceof Unknown ? {} : { [field]: present }),
      'territory by table': row.territory.territory,
      ...(facts.ownerUnknown === null ? ownerEvidence(facts.owner?.email ?? null, ahead) : {}),
    },
    ...wrong,
  })
}

function wrongAssignment(row: CompiledTerritory, facts: CaseFacts): Wrong | null {
  const { record, shape } = facts
  const { territory } = row
  if (knownValue(record, TERRITORIES) instanceof Unknown) return null
  const assigned = assignedTerritories(record)
  if (assigned.inWords.length === 0 || assigned.includes(row)) return null
  const where = together(assigned.inWords)
  return {
    what: `This ${shape.noun} is assigned to ${where}, but ${valuesInWords(row, facts)} to ${territory.territory} (${territory.title}).`,
    todo: `In ${crmProfile(record.crm).title}, assign it to ${territory.title} instead of ${where}, and to the owner ${either(territory.members)}. If its address is wrong, correct that instead.`,
  }
}

/** `the country DE belongs`: the values by which the table places the record. */
function valuesInWords({ when }: CompiledTerritory, facts: CaseFacts): string {
  const evidence = Object.entries(evidenceOf(when, facts))
  const values = evidence.map(([field, value]) => `${renderField(field)} ${value ?? 'blank'}`)
  return values.length === 0 ? 'it belongs' : `${together(values)} ${values.length === 1 ? 'belongs' : 'belong'}`
}

function wrongField(field: string, row: CompiledTerritory, facts: CaseFacts): Wrong | null {
  const { territory } = row
  const { record, shape } = facts
  const present = knownValue(record, field)
  if (present === null || present instanceof Unknown) return null
  if (row.names.has(territoryName(present))) return null
  return {
    what: `The territory of this ${shape.noun} is ${present}, but ${valuesInWords(row, facts)} to ${territory.territory} (${territory.title}).`,
    todo: `Set ${field} to ${territory.territory} and the owner to ${either(territory.members)}. If its address is wrong, correct that instead.`,
  }
}

function wrongOwner(
  { territory, members }: CompiledTerritory,
  compiled: CompiledPolicy,
  facts: CaseFacts,
  ahead: AheadOf | undefined,
): Wrong | null {
  const { shape, owner, ownerState, directory } = facts
  if (ownerState !== 'active' || owner === undefined) return null
  if (directory.emailsOf(owner.email ?? '').some((email) => members.has(email))) return null
  if (stoodIn(owner, members, compiled, facts)) return null
  return {
    what:
      ahead === undefined
        ? `${ownsInWords(owner, shape.noun, ahead)} but does not work its territory ${territory.territory} (${territory.title}).`
        : `${ownsInWords(owner, shape.noun, ahead)}, who does not work its territory ${territory.territory} (${territory.title}) by the territory table.`,
    todo: `Assign it to ${either(territory.members)}. If ${personInWords(owner)} should keep it, agree that with the workflow owner.`,
  }
}

/** The owner got the record while a member was away and they were the delegate: it stays theirs when the member is back. */
function stoodIn(
  owner: CrmUser,
  members: ReadonlySet<string>,
  { policy: { calendar } }: CompiledPolicy,
  { record, shape, directory, nowMs }: CaseFacts,
): boolean {
  if (calendar.away === undefined || calendar.away.length === 0) return false
  const office = { calendar, directory, connectionId: record.connectionId }
  const sinceMs = record.stamps[shape.owner]?.atMs ?? nowMs
  return [...members].some((member) => standIn(member, office, sinceMs).user?.userId === owner.userId)
}

function vacantTerritory({ territory, members }: CompiledTerritory, facts: CaseFacts): Wrong | null {
  const { record, shape, directory } = facts
  for (const email of members) if (directory.personByEmail(record.connectionId, email) !== undefined) return null
  return {
    what: `The territory ${territory.territory} (${territory.title}) has no member who is an active user of this CRM.`,
    cause: `territory-vacant/${territory.territory}`,
    causeTitle: `The territory ${territory.title} has no active member`,
    todo: `Add an active member for ${territory.title} to the territory table. Until then assign this ${shape.noun} yourself.`,
  }
}

/** Countries that would make the territory on the record the right one. */
function addressChanges(rows: readonly CompiledTerritory[], { shape, record }: CaseFacts): ClearingChange[] {
  const field = shape.country
  if (field === null) return []
  const countries = rows.flatMap(({ territory }) => {
    const condition = territory.when.find((one) => one.field === 'fact.country')
    return condition?.op === 'in' ? condition.values : []
  })
  return countries.map((to) => ({
    field,
    to,
    says: `It would also clear with ${field} ${to} (now ${record.values[field] ?? 'blank'}).`,
  }))
}
