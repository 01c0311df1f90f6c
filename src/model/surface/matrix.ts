import { knownZone } from '../calendar/known-zone.ts'
import { EXCEPTION_CLASSES, type ExceptionClass, type Posture, type ReviewCircle } from '../classes/class.ts'
import { CIRCLE, POSTURE } from '../classes/posture.ts'
import { findPattern } from '../patterns/registry.ts'
import type { Policy } from '../policy/policy.ts'
import type { Rule } from '../rules/condition.ts'

/** One class in the picture of who owns the mess: what leads to it, what happens meanwhile, and how far rules decide it. */
export type MatrixRow = {
  readonly class: ExceptionClass
  /** What makes a case of this class, in words, the most telling first. Empty: nothing leads here. */
  readonly kinds: readonly string[]
  readonly posture: Posture
  /** Why that happens meanwhile. */
  readonly because: string
  /** Who reviews these. */
  readonly circle: ReviewCircle
  readonly rules: MatrixRules
}

export type MatrixRules = {
  /** "Never", "No", "Yes, 14 rules"; above expected "Yes, 2 rules, until Mar 3, 2027", when the first of them ends. */
  readonly says: string
  /** The branches whose rules may settle such a case. */
  readonly branches: readonly string[]
}

/** M60: the five classes of a workflow in their order. Who the people are is told by their jobs. */
export function matrixRows(policy: Policy): MatrixRow[] {
  return EXCEPTION_CLASSES.map((name) => ({
    class: name,
    kinds: kindsOf(policy, name),
    posture: POSTURE[name],
    because: MEANWHILE[name],
    circle: CIRCLE[name],
    rules: rulesOf(policy, name),
  }))
}

const MEANWHILE: Readonly<Record<ExceptionClass, string>> = {
  expected: 'The workflow goes on, and a reviewer confirms the case.',
  risky: 'The record is held until a reviewer has looked at it.',
  'customer-facing': 'Nothing automated touches the record, because a customer would notice.',
  'revenue-impacting': 'Nothing automated touches the record, because open pipeline depends on it.',
  unknown: 'Nothing automated touches the record. It leaves only when somebody explains it.',
}

function kindsOf(policy: Policy, name: ExceptionClass): string[] {
  const ruled = policy.classes.filter((rule) => rule.class === name)
  const named = ruled.map(({ pattern, because }) => (pattern === undefined ? because : titleOf(pattern)))
  return [...new Set([...named, ...floorsOf(policy, name)])]
}

/** What leads to a class whatever the policy says. */
function floorsOf(policy: Policy, name: ExceptionClass): string[] {
  const { revenueThreshold, revenueCurrency } = policy.guards
  switch (name) {
    case 'customer-facing':
      return ['Any case of an existing customer']
    case 'revenue-impacting': {
      const from = `${revenueThreshold.toLocaleString('en-US')}${revenueCurrency === undefined ? '' : ` ${revenueCurrency}`}`
      return [`Any case with open pipeline of ${from} or more`]
    }
    case 'unknown':
      return [...unclassedPatterns(policy), 'Anything that cannot be read']
    default:
      return []
  }
}

/** Patterns that the policy watches and has no class for: nobody has agreed yet what they mean. */
function unclassedPatterns({ patterns, classes }: Policy): string[] {
  const isClassed = (pattern: string) => classes.some((rule) => rule.pattern === undefined || rule.pattern === pattern)
  const watched = [...new Set(patterns.map(({ pattern }) => pattern))]
  return watched.filter((pattern) => !isClassed(pattern)).map(titleOf)
}

function titleOf(pattern: string): string {
  return findPattern(pattern)?.title ?? pattern
}

function rulesOf({ boundary, marks = [], calendar }: Policy, name: ExceptionClass): MatrixRules {
  if (name === 'unknown') return { says: 'Never', branches: [] }
  const settling = boundary.filter(({ mode, settles }) => mode === 'rules' && settles.length > 0)
  const marked = marks.filter((mark) => mark.class === name)
  const isMarked = ({ id }: Rule) => name === 'expected' || marked.some(({ rule }) => rule === id)
  const ruling = settling.map((branch) => ({ branch: branch.branch, rules: branch.rules.filter(isMarked) }))
  const rules = ruling.flatMap((one) => one.rules)
  if (rules.length === 0) return { says: 'No', branches: [] }
  const ends = rules.map(({ id }) => Math.max(...marked.filter(({ rule }) => rule === id).map((one) => one.endsAtMs)))
  const until = name === 'expected' ? '' : `, until ${dayOf(Math.min(...ends), calendar)}`
  const says = `Yes, ${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}${until}`
  return { says, branches: ruling.filter((one) => one.rules.length > 0).map(({ branch }) => branch) }
}

/** "Mar 3, 2027", in the company's zone. */
function dayOf(atMs: number, { timeZone }: Policy['calendar']): string {
  const zone = knownZone(timeZone) ?? 'UTC'
  return new Intl.DateTimeFormat('en-US', { timeZone: zone, month: 'short', day: 'numeric', year: 'numeric' }).format(
    atMs,
  )
}
