import type { CompiledTerritory } from '../policy/compile.ts'
import { comparableText } from '../record/comparable-text.ts'
import { crmProfile } from '../record/crm-profile.ts'
import { knownValue } from '../record/field-value.ts'
import { Unknown } from '../record/knowledge.ts'
import { TERRITORIES } from '../record/territories-field.ts'
import { firstMatch } from '../rules/evaluate.ts'
import type { CaseFacts } from '../rules/facts.ts'
import { either, renderField, together } from '../rules/render.ts'
import { assignedTerritories } from './contract/assigned-territories.ts'
import { type ClearingChange, ownerChanges } from './contract/clearing-change.ts'
import { evidenceOf } from './contract/evidence.ts'
import type { Finding } from './contract/finding.ts'
import { ONLY } from './contract/parameter.ts'
import { definePattern, finding, found, NOTHING, notKnown } from './contract/pattern.ts'
import { personInWords } from './contract/wording.ts'

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
  sentence: ({ field }) =>
    field === TERRITORIES
      ? 'no assigned territory, or not the owner, matches the territory table'
      : `${field} or the owner does not match the territory table`,
  fields: ({ field }) => ({ read: [field], aged: [] }),
  inputs: ({ field }, { owner }) => [field, owner],
  detect({ field }, { facts, compiled }) {
    const row = firstMatch(compiled.territories, facts)
    if (row === null) return NOTHING
    if (row instanceof Unknown) return notKnown(row)
    const wrong =
      (field === TERRITORIES ? wrongAssignment(row, facts) : wrongField(field, row, facts)) ??
      wrongOwner(row, facts) ??
      vacantTerritory(row, facts)
    if (wrong !== null) return found(staleFinding(wrong, field, row, facts))
    return facts.ownerUnknown === null ? NOTHING : notKnown(facts.ownerUnknown)
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
      isAssignment ? assignedTerritories(record).includes(one) : one.territory.territory === from,
    )
    return [{ field, to: right, says }, ...ownerChanges(row?.members ?? [], facts), ...addressChanges(present, facts)]
  },
})

type Wrong = Pick<Finding, 'what' | 'todo'> & Partial<Pick<Finding, 'cause' | 'causeTitle'>>

function staleFinding(wrong: Wrong, field: string, row: CompiledTerritory, facts: CaseFacts): Finding {
  const present = knownValue(facts.record, field)
  return finding({
    pattern: 'stale-territory',
    evidence: {
      ...evidenceOf(row.when, facts),
      // What is not known is no evidence: an assignment that was not read yet is not the same as none.
      ...(present instanceof Unknown ? {} : { [field]: present }),
      'territory by table': row.territory.territory,
      ...(facts.ownerUnknown === null ? { 'fact.owner': facts.owner?.email ?? null } : {}),
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
  if (comparableText(present) === comparableText(territory.territory)) return null
  return {
    what: `The territory of this ${shape.noun} is ${present}, but ${valuesInWords(row, facts)} to ${territory.territory} (${territory.title}).`,
    todo: `Set ${field} to ${territory.territory} and the owner to ${either(territory.members)}. If its address is wrong, correct that instead.`,
  }
}

function wrongOwner({ territory, members }: CompiledTerritory, { shape, owner, ownerState }: CaseFacts): Wrong | null {
  if (ownerState !== 'active' || owner === undefined || members.has(owner.email ?? '')) return null
  return {
    what: `${personInWords(owner)} owns this ${shape.noun} but does not work its territory ${territory.territory} (${territory.title}).`,
    todo: `Assign it to ${either(territory.members)}. If ${personInWords(owner)} should keep it, agree that with the workflow owner.`,
  }
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
