import { type Job, type Policy, SINGLE_JOBS } from '../policy/policy.ts'
import type { Condition } from '../rules/condition.ts'

/** One place of the company's documents that names a person. */
export type PolicyPlace =
  | {
      readonly kind: 'rule'
      readonly workflow: string
      readonly branch: string
      readonly rule: string
    }
  | {
      /** A condition that asks whether they are the owner. */
      readonly kind: 'condition'
      readonly workflow: string
      /** "the scope", "rule dach of the branch europe". */
      readonly where: string
    }
  | {
      readonly kind: 'job'
      readonly workflow: string
      readonly job: Job
      /** Nobody else holds it, or is in that circle. */
      readonly alone: boolean
    }
  | {
      readonly kind: 'territory'
      readonly territory: string
      readonly title: string
      readonly alone: boolean
    }
  | {
      /** They stand in for somebody who is away then. */
      readonly kind: 'delegate'
      readonly of: string
      readonly from: string
      readonly until: string
    }

/** Everything in the policies that names one of these e-mails. What all workflows share is there once. */
export function namedInPolicies(policies: readonly Policy[], emails: readonly string[], today: string): PolicyPlace[] {
  const isTheirs = (email: string) => emails.includes(email)
  const places = policies.flatMap((policy) => [
    ...rulesOf(policy, isTheirs),
    ...conditionsOf(policy, isTheirs),
    ...jobsOf(policy, isTheirs),
    ...sharedOf(policy, isTheirs, today),
  ])
  return [...new Map(places.map((place) => [JSON.stringify(place), place])).values()]
}

type Theirs = (email: string) => boolean

function rulesOf({ workflow, boundary }: Policy, isTheirs: Theirs): PolicyPlace[] {
  return boundary.flatMap(({ branch, rules }) =>
    rules.flatMap(({ id, owner }): PolicyPlace[] =>
      typeof owner === 'string' && isTheirs(owner) ? [{ kind: 'rule', workflow, branch, rule: id }] : [],
    ),
  )
}

function conditionsOf({ workflow, action, pilot, scope, classes, boundary }: Policy, isTheirs: Theirs): PolicyPlace[] {
  const all: [string, readonly Condition[]][] = [
    ['the scope', scope],
    ['what the action waits for', action.when === 'never' ? [] : action.when],
    ['the pilot', pilot?.when ?? []],
    ...classes.map((rule, i): [string, readonly Condition[]] => [`class rule ${i + 1}`, rule.when]),
    ...boundary.flatMap(({ branch, when, rules }): [string, readonly Condition[]][] => [
      [`the branch ${branch}`, when],
      ...rules.map(({ id, when: of }): [string, readonly Condition[]] => [`rule ${id} of the branch ${branch}`, of]),
    ]),
  ]
  return all.flatMap(([where, conditions]): PolicyPlace[] =>
    conditions.some((one) => 'values' in one && one.values.some((value) => isTheirs(value.toLowerCase())))
      ? [{ kind: 'condition', workflow, where }]
      : [],
  )
}

function jobsOf({ workflow, owners }: Policy, isTheirs: Theirs): PolicyPlace[] {
  const circles = Object.values(owners.reviewers)
  const reviews = circles.some((circle) => circle.some(isTheirs))
  const alone = circles.some((circle) => circle.some(isTheirs) && circle.every(isTheirs))
  const others = SINGLE_JOBS.filter((job) => owners[job] !== null && isTheirs(owners[job]))
  return [
    ...(reviews ? [{ kind: 'job' as const, workflow, job: 'reviewer' as const, alone }] : []),
    ...others.map((job) => ({ kind: 'job' as const, workflow, job, alone: true })),
  ]
}

function sharedOf({ territories, calendar }: Policy, isTheirs: Theirs, today: string): PolicyPlace[] {
  const members = territories.filter((one) => one.members.some(isTheirs))
  const delegate = (calendar.away ?? []).filter((one) => one.delegate !== null && isTheirs(one.delegate))
  return [
    ...members.map(({ territory, title, members: all }) => ({
      kind: 'territory' as const,
      territory,
      title,
      alone: all.every(isTheirs),
    })),
    ...delegate
      .filter(({ until }) => until >= today)
      .map(({ email, from, until }) => ({ kind: 'delegate' as const, of: email, from, until })),
  ]
}

/** Every e-mail that the policies name as somebody who works, for one that was mistyped. */
export function emailsNamed(policies: readonly Policy[]): string[] {
  const all = policies.flatMap(({ owners, boundary, territories, calendar }) => [
    ...Object.values(owners.reviewers).flat(),
    ...SINGLE_JOBS.flatMap((job) => owners[job] ?? []),
    ...boundary.flatMap(({ rules }) =>
      rules.flatMap(({ owner }) => (typeof owner === 'string' && owner.includes('@') ? [owner] : [])),
    ),
    ...territories.flatMap(({ members }) => members),
    ...(calendar.away ?? []).flatMap(({ email, delegate }) => (delegate === null ? [email] : [email, delegate])),
  ])
  return [...new Set(all)]
}
