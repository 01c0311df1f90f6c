import type { CrmRecord } from '../record/crm-record.ts'
import type { Directory } from '../record/crm-user.ts'
import { objectShape } from '../record/object-shape.ts'
import type { CaseFacts } from '../rules/case-facts.ts'
import { type Condition, namedPerson } from '../rules/condition.ts'
import { allHold, type CompiledConditions, firstMatch } from '../rules/evaluate.ts'
import { caseFacts, supposing } from '../rules/facts.ts'
import { mayOverlap } from '../rules/overlap.ts'
import { renderField } from '../rules/render.ts'
import { type CompiledBranch, type CompiledPolicy, type CompiledTerritory, compilePolicy } from './compile.ts'
import type { PolicyVersion } from './policy.ts'
import { routeByClosures } from './routing.ts'

/** A rule that gives records to somebody who does not work their territory, with a record on which it does. */
export type TerritoryConflict = {
  readonly branch: number
  readonly rule: number
  /** `a contact with the country DE and the number of employees 500`. */
  readonly example: string
  readonly says: string
}

/** One rule may contradict every territory; more than these help nobody. */
const CONFLICTS_MAX = 20
/** Records tried for one rule and one territory: the values that their conditions name, a few of each. */
const TRIED_MAX = 200
const VALUES_MAX = 12
/** Far enough ahead that a day of this century is old. */
const TRIED_AT_MS = Date.parse('2090-01-01T00:00:00Z')

/**
 * W03: of each rule that names a person, the territories of records that it gets and that they do not work. Each is shown
 * on a record that the whole policy sends there, so what an earlier rule takes is none.
 */
export function territoryConflicts(version: PolicyVersion): TerritoryConflict[] {
  const compiled = compilePolicy(version)
  const conflicts: TerritoryConflict[] = []
  if (!version.policy.patterns.some(({ pattern }) => pattern === 'stale-territory')) return conflicts
  for (const [b, branch] of compiled.branches.entries()) {
    for (const [r, row] of branch.table.entries()) {
      const { id, when } = row.rule
      const owner = namedPerson(row.rule.owner)
      if (owner === null) continue
      for (const territory of compiled.territories) {
        if (territory.members.has(owner) || !mayOverlap([...branch.branch.when, ...when], territory.territory.when))
          continue
        const example = exampleOf(compiled, branch, r, territory)
        if (example === null) continue
        const { territory: name, title } = territory.territory
        const says = `rule ${id} gives ${example} to ${owner}, who does not work its territory ${name} (${title}) by territories.yaml; Lanekeeper writes no such record and makes a case of it`
        conflicts.push({ branch: b, rule: r, example, says })
        if (conflicts.length >= CONFLICTS_MAX) return conflicts
        break
      }
    }
  }
  return conflicts
}

/** A record that this rule wins and that belongs to this territory; null: none was found among those tried. */
function exampleOf(
  compiled: CompiledPolicy,
  branch: CompiledBranch,
  row: number,
  territory: CompiledTerritory,
): string | null {
  const rule = branch.table[row]!
  const decisive = [...branch.when, ...rule.when, ...territory.when]
  const mine = [...compiled.scope, ...decisive]
  const told = new Set(decisive.map(({ condition }) => condition.field))
  const others = compiled.branches.flatMap((one) => [...one.when, ...one.table.flatMap(({ when }) => when)])
  for (const facts of blankRecords(compiled)) {
    const values = valuesByField(mine, others, facts)
    if (values === null) continue
    for (const given of combinations(values)) {
      const supposed = supposing(facts, given)
      if (allHold(compiled.scope, supposed) !== true) continue
      if (routeByClosures(compiled, supposed).winner !== rule) continue
      if (firstMatch(compiled.territories, supposed) === territory) return inWords(facts, given, told)
    }
  }
  return null
}

/** What places it. What only the scope asks for is left out: every record of the workflow has that. */
function inWords({ shape }: CaseFacts, given: ReadonlyMap<string, string>, told: ReadonlySet<string>): string {
  const known = [...given].filter(([field, value]) => value !== '' && told.has(field))
  const values = known.map(([field, value]) => `${renderField(field)} ${value}`)
  return `a ${shape.noun}${values.length === 0 ? '' : ` with ${values.join(' and ')}`}`
}

/** Per field what meets every condition on it: first what the conditions themselves name, then other values, then blank. */
function valuesByField(
  mine: CompiledConditions,
  others: CompiledConditions,
  facts: CaseFacts,
): ReadonlyMap<string, readonly string[]> | null {
  const values = new Map<string, readonly string[]>()
  for (const field of new Set(mine.map(({ condition }) => condition.field))) {
    const on = mine.filter(({ condition }) => condition.field === field)
    const named = [...on, ...others.filter(({ condition }) => condition.field === field)]
    const tried = new Set([...named.flatMap(({ condition }) => namedBy(condition)), 'Another', '1', ''])
    const fitting = [...tried].filter((value) => allHold(on, supposing(facts, new Map([[field, value]]))) === true)
    if (fitting.length === 0) return null
    values.set(field, fitting.slice(0, VALUES_MAX))
  }
  return values
}

function namedBy(condition: Condition): string[] {
  switch (condition.op) {
    case 'in':
    case 'not-in':
    case 'prefix':
    case 'contains':
      return [...condition.values]
    case 'range':
      return [condition.from, condition.below].flatMap((end) => (end === null ? [] : [end, ...justBelow(end)]))
    case 'older-than':
      return ['2020-01-01T00:00:00Z', new Date(TRIED_AT_MS).toISOString()]
    default:
      return []
  }
}

function justBelow(end: string): string[] {
  const number = Number(end)
  return Number.isFinite(number) && end.trim() !== '' ? [String(number - 1)] : []
}

function* combinations(values: ReadonlyMap<string, readonly string[]>): Generator<ReadonlyMap<string, string>> {
  const fields = [...values]
  const total = Math.min(
    TRIED_MAX,
    fields.reduce((n, [, of]) => n * of.length, 1),
  )
  for (let n = 0; n < total; n += 1) {
    let rest = n
    const given = new Map<string, string>()
    for (const [field, of] of fields) {
      given.set(field, of[rest % of.length]!)
      rest = Math.floor(rest / of.length)
    }
    yield given
  }
}

const NOBODY: Directory = {
  user: () => undefined,
  isGone: () => false,
  personByEmail: () => undefined,
  peopleByEmail: () => [],
  queuesByName: () => [],
  isFrozen: () => false,
  openTasks: () => 0,
  emailsOf: (email) => [email],
}

/** One of each object that the workflow watches, with nothing filled in. */
function blankRecords({ policy }: CompiledPolicy): CaseFacts[] {
  return policy.objects.flatMap(({ crm, object }) => {
    const shape = objectShape(crm, object)
    if (shape === undefined) return []
    const record: CrmRecord = {
      connectionId: '' as CrmRecord['connectionId'],
      crm,
      objectType: object,
      recordId: '',
      values: {},
      stamps: {},
      ownerHistory: [],
      deleted: false,
      mergedInto: null,
      unreadable: new Set(),
    }
    return [caseFacts(record, shape, { account: null, deals: [], matches: [] }, NOBODY, TRIED_AT_MS)]
  })
}
