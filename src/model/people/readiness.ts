import type { Job, Mode, Policy, PolicyVersion } from '../policy/policy.ts'
import type { ConnectionId, Crm } from '../record/change-event.ts'
import { crmProfile } from '../record/crm-profile.ts'
import type { Directory } from '../record/crm-user.ts'

export type ReadinessProblem = {
  readonly job: Job
  readonly email: string
  readonly problem: string
  /** What to do about it. */
  readonly step: string
}

export type Readiness = {
  /** What may run: never more than the policy asks for, and no automated write while a job is vacant. */
  readonly effectiveMode: Mode
  readonly problems: readonly ReadinessProblem[]
}

/**
 * M2, M3: an active user holds every job, in every connection that the workflow uses, and accepted it. M31: without them
 * the workflow does not scale. M32: one person in all jobs is fragile, which a narrow pilot may be and live may not.
 */
export function readiness(
  { policy }: PolicyVersion,
  directory: Directory,
  connectionIdsByCrm: ReadonlyMap<Crm, readonly ConnectionId[]>,
): Readiness {
  const crms = [...new Set(policy.objects.map(({ crm }) => crm))]
  const connections = crms.flatMap((crm) => (connectionIdsByCrm.get(crm) ?? []).map((id) => ({ crm, id })))
  const vacancies: ReadinessProblem[] = []
  // A list that leaves somebody out proves nothing: it is said, and the workflow runs until the CRM has answered.
  const doubts: ReadinessProblem[] = []
  for (const { job, email } of jobHolders(policy)) {
    const absent = connections.filter(({ id }) => directory.personByEmail(id, email) === undefined)
    const unlisted = connections.filter(({ id }) => directory.personByEmail(id, email)?.standing !== undefined)
    if (unlisted.length > 0) doubts.push(doubtProblem(job, email, inWords(unlisted)))
    if (absent.length > 0) {
      const isFrozen = absent.every(({ id }) => directory.isFrozen(id, email))
      vacancies.push(absenceProblem(policy, job, email, inWords(absent), isFrozen))
    } else if (policy.owners.accepted[email] === undefined) {
      vacancies.push({
        job,
        email,
        problem: `${email} has not accepted the job "${job}"`,
        step: `Ask ${email} to accept, then write the day under owners.accepted of ${policy.workflow}; if they decline, name another person.`,
      })
    }
  }
  const fragile = fragileProblem(policy)
  const problems = [...vacancies, ...doubts, ...(fragile === null ? [] : [fragile])]
  if (vacancies.length > 0) return { effectiveMode: atMost(policy.mode, 'observe'), problems }
  if (fragile !== null && policy.mode === 'live')
    return { effectiveMode: policy.pilot === null ? 'observe' : 'pilot', problems }
  return { effectiveMode: policy.mode, problems }
}

function inWords(connections: readonly { readonly crm: Crm }[]): string {
  return connections.map(({ crm }) => crmProfile(crm).title).join(' and ')
}

function absenceProblem(
  { workflow }: Policy,
  job: Job,
  email: string,
  where: string,
  isFrozen: boolean,
): ReadinessProblem {
  return {
    job,
    email,
    problem: isFrozen ? `${email} cannot log in to ${where} (frozen)` : `${email} is not an active user of ${where}`,
    step: `Name another person for the job "${job}" in the policy of ${workflow}, or ${isFrozen ? 'unfreeze' : 'activate'} ${email} in ${where}.`,
  }
}

function doubtProblem(job: Job, email: string, where: string): ReadinessProblem {
  return {
    job,
    email,
    problem: `${email} was not listed by ${where} at the last look and is being checked`,
    step: `Nothing to do unless it stays so: then check in ${where} whether Lanekeeper may read this user.`,
  }
}

/** Every job with everyone who holds it, each pair once. */
function jobHolders({ owners }: Policy): { job: Job; email: string }[] {
  const reviewers = new Set([...owners.reviewers.general, ...owners.reviewers.senior, ...owners.reviewers.approved])
  return [
    ...[...reviewers].map((email) => ({ job: 'reviewer' as const, email })),
    { job: 'override', email: owners.override },
    { job: 'rollback', email: owners.rollback },
    { job: 'boundary', email: owners.boundary },
    { job: 'data', email: owners.data },
    { job: 'workflow', email: owners.workflow },
  ]
}

function fragileProblem(policy: Policy): ReadinessProblem | null {
  const people = new Set(jobHolders(policy).map(({ email }) => email))
  const [email] = people
  if (people.size !== 1 || email === undefined) return null
  return {
    job: 'workflow',
    email,
    problem: `${email} holds every job of ${policy.workflow}, so one absence stops it all`,
    step: 'Give at least one job to somebody else. Until then a narrow pilot is allowed, live is not.',
  }
}

const LADDER: readonly Mode[] = ['draft', 'observe', 'pilot', 'live']

function atMost(wanted: Mode, limit: Mode): Mode {
  return LADDER.indexOf(wanted) <= LADDER.indexOf(limit) ? wanted : limit
}
