import { companyDirectory } from '../people/company-directory.ts'
import type { Mode, Policy, PolicyVersion } from '../policy/policy.ts'
import type { ConnectionId } from '../record/change-event.ts'
import type { Directory } from '../record/crm-user.ts'
import { fragileProblem } from './fragile.ts'
import type { ReadinessHistory, ReadinessProblem, StaffedConnection } from './readiness-problem.ts'
import { doubtsOf, vacanciesOf } from './vacancies.ts'

export type Readiness = {
  /** What may run where most may: never more than the policy asks for. */
  readonly effectiveMode: Mode
  /** The same for each connection. */
  readonly byConnection: ReadonlyMap<ConnectionId, Mode>
  readonly problems: readonly ReadinessProblem[]
}

/**
 * M2, M3: somebody active holds every job in each connection where the workflow runs, and accepted it. Vacancies count by
 * what they endanger. Without a rollback or override owner, or with an empty circle, nothing automated is written from now
 * on; without a data, boundary or workflow owner it goes on for some business days, unless the job was never filled. A
 * holder need not be in every connection: a job that nobody holds in one of them is vacant there, and the workflow runs in
 * the others. M31: without holders the workflow does not scale. M32: what rests on one person may be a narrow pilot for 30
 * days, and never live.
 */
export function readiness(
  { policy }: PolicyVersion,
  users: Directory,
  connections: readonly StaffedConnection[],
  history: ReadinessHistory = { nowMs: 0, before: null },
): Readiness {
  const directory = companyDirectory(users, policy.people)
  const watched = connections.filter(({ crm }) => policy.objects.some((object) => object.crm === crm))
  const read = watched.filter(({ arePeopleRead }) => arePeopleRead)
  const staffed = read.length > 0 ? read : watched
  const question = { policy, directory, staffed, history }
  const vacancies = vacanciesOf(question)
  const fragile = fragileProblem(question)
  const isOver = ({ writesEndAtMs }: ReadinessProblem) => writesEndAtMs !== null && writesEndAtMs <= history.nowMs
  const ended = vacancies.filter(isOver)
  const mode = (isVacant: boolean) => modeOf(policy, isVacant, fragile === null ? null : isOver(fragile))
  const isVacantIn = (id: ConnectionId) =>
    ended.some(({ connectionId }) => connectionId === null || connectionId === id) ||
    !staffed.some((connection) => connection.id === id)
  const byConnection = new Map(watched.map(({ id }) => [id, mode(isVacantIn(id))]))
  const modes = watched.length === 0 ? [mode(ended.length > 0)] : [...byConnection.values()]
  return {
    effectiveMode: modes.reduce((most, one) => (atMost(most, one) === most ? one : most)),
    byConnection,
    problems: [...vacancies, ...doubtsOf(question), ...(fragile === null ? [] : [fragile])],
  }
}

/** Every vacancy blocks publishing, marks, and a wider slice, cap or mode, from the moment it is there (M40, M66). */
export function blocksWidening(problems: readonly Pick<ReadinessProblem, 'kind'>[]): boolean {
  return problems.some(({ kind }) => kind === 'vacant')
}

/** `isPilotOver`: null where nothing is fragile. */
function modeOf(policy: Policy, isVacant: boolean, isPilotOver: boolean | null): Mode {
  if (isVacant || isPilotOver === true) return atMost(policy.mode, 'observe')
  if (isPilotOver === false && policy.mode === 'live') return policy.pilot === null ? 'observe' : 'pilot'
  return policy.mode
}

const LADDER: readonly Mode[] = ['draft', 'observe', 'pilot', 'live']

function atMost(wanted: Mode, limit: Mode): Mode {
  return LADDER.indexOf(wanted) <= LADDER.indexOf(limit) ? wanted : limit
}
