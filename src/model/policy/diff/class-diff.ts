import { EXCEPTION_CLASSES, type ExceptionClass } from '../../classes/class.ts'
import { renderConditions } from '../../rules/render.ts'
import { canonicalJson } from '../canonical.ts'
import type { ClassRule, PatternSetting, Policy } from '../policy.ts'
import type { Change, DiffWords } from './change.ts'
import { diffRows, type RowChange } from './rows.ts'

/** What counts as a case. */
export function patternChanges(from: Policy, to: Policy, words: DiffWords): Change[] {
  return diffRows(from.patterns, to.patterns, patternKey).map((row) => patternRow(row, words))
}

function patternRow(row: RowChange<PatternSetting>, words: DiffWords): Change {
  const change = (kind: Change['kind'], setting: PatternSetting, says: string): Change => {
    return { part: 'patterns', kind, name: setting.pattern, says, reach: 'other' }
  }
  switch (row.kind) {
    case 'added':
      return change('added', row.to, `Watches for ${row.to.pattern}: ${words.pattern(row.to)}.`)
    case 'removed':
      return change('removed', row.from, `Stops watching for ${row.from.pattern} (${words.pattern(row.from)}).`)
    case 'moved':
      return change('moved', row.to, `${row.to.pattern} has another place in the list of patterns.`)
    case 'changed':
      return change('changed', row.to, `${row.to.pattern}: ${words.pattern(row.to)} (was ${words.pattern(row.from)}).`)
  }
}

function patternKey({ pattern, only }: PatternSetting): string {
  return only === undefined ? pattern : `${pattern} ${only.crm}.${only.object}`
}

/** How cases are classed: the first row that matches wins, so a place is as much as a class. */
export function classChanges(from: Policy, to: Policy): Change[] {
  return diffRows(from.classes, to.classes, classKey).map((row) => classRow(row, from))
}

function classRow(row: RowChange<ClassRule>, policy: Policy): Change {
  const part = 'classes' as const
  switch (row.kind) {
    case 'added': {
      const name = caseName(row.to)
      const says = `New row ${row.toPlace + 1}: ${name} is ${row.to.class}. ${row.to.because}`
      // Whatever the rows below say, no rule settles an unknown, and it holds everything.
      return { part, kind: 'added', name, says, reach: row.to.class === 'unknown' ? 'narrows' : 'other' }
    }
    case 'removed': {
      const name = caseName(row.from)
      return { part, kind: 'removed', name, says: `Row removed: ${name} was ${row.from.class}.`, reach: 'other' }
    }
    case 'moved': {
      const name = caseName(row.to)
      const says = `${name} moved from row ${row.fromPlace + 1} to row ${row.toPlace + 1}; the first match wins.`
      return { part, kind: 'moved', name, says, reach: 'other' }
    }
    case 'changed':
      return { part, kind: 'changed', name: caseName(row.to), ...classChange(row.from, row.to, policy) }
  }
}

function classKey({ pattern, when }: ClassRule): string {
  return canonicalJson({ pattern: pattern ?? null, when })
}

function caseName({ pattern, when }: ClassRule): string {
  return `${pattern ?? 'any pattern'}${when.length === 0 ? '' : ` where ${renderConditions(when)}`}`
}

function classChange(from: ClassRule, to: ClassRule, policy: Policy): Pick<Change, 'says' | 'reach'> {
  const name = caseName(to)
  if (from.class === to.class) {
    return { says: `${name}: the reason is now "${to.because}" (was "${from.because}").`, reach: 'wording' }
  }
  const [old, now] = [EXCEPTION_CLASSES.indexOf(from.class), EXCEPTION_CLASSES.indexOf(to.class)]
  const reason = from.because === to.because ? '' : ` ${to.because}`
  const says = `${name} is ${to.class} (was ${from.class}).${reason}`
  if (now < old) return { says, reach: 'widens' }
  const between = EXCEPTION_CLASSES.slice(old, now)
  const settling = policy.boundary.filter(({ settles }) => settles.length > 0)
  const rules = settling.flatMap((branch) => branch.rules.map(({ id }) => id))
  return { says, reach: rules.every((rule) => staysSettled(policy, rule, between, to.class)) ? 'narrows' : 'widens' }
}

/**
 * A higher class is narrower unless a rule is marked for it and not for a class below: then it would settle what it left to
 * people. Floors may lift a case to any class between the two, so each of them counts.
 */
function staysSettled(policy: Policy, rule: string, between: readonly ExceptionClass[], to: ExceptionClass): boolean {
  const isSettled = (of: ExceptionClass) =>
    of === 'expected' || (policy.marks ?? []).some((mark) => mark.rule === rule && mark.class === of)
  return to === 'unknown' || !isSettled(to) || between.every(isSettled)
}
