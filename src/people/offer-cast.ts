import type { Actor } from '../model/authority/acts.ts'
import type { Candidate, ProposedJob } from '../model/authority/smallest-cast.ts'
import type { Database } from '../store/database/database.ts'
import { userOfCandidate } from '../store/people/cast-candidates.ts'
import { workflowStanding } from '../store/people/jobs.ts'
import type { PersonId } from '../store/people/persons.ts'
import { offerJobs } from './appoint.ts'
import { invite } from './invite.ts'
import { JobError } from './job-error.ts'
import { requireMay, verdictOn } from './permitted.ts'
import { type CastMode, proposeCast } from './propose-cast.ts'

export type AskedJob = Pick<ProposedJob, 'lane' | 'circle'> & { readonly candidateId: string }

export type OfferedCast = {
  readonly invited: number
  readonly offered: number
  /** Jobs that somebody else names, or whose person an admin has to invite first. */
  readonly left: number
}

/**
 * Offers what the page showed of the proposed cast, as far as the actor may name somebody. An admin invites everybody of it,
 * so that the workflow owner can ask the others. What is no longer proposed is not offered.
 */
export async function offerCast(
  db: Database,
  actor: Actor,
  { workflow, mode, jobs }: { readonly workflow: string; readonly mode: CastMode; readonly jobs: readonly AskedJob[] },
): Promise<OfferedCast> {
  const proposed = (await proposeCast(db, workflow))[mode]?.jobs ?? []
  const wanted = jobs.map((job) => proposed.find((one) => isSame(one, job)))
  if (wanted.length === 0 || wanted.includes(undefined)) {
    throw new JobError('not-open', 'The proposal changed meanwhile. Look at it again.')
  }
  const all = wanted as readonly ProposedJob[]
  const own: ProposedJob[] = []
  const isLive = (await workflowStanding(db, workflow))?.isLive ?? false
  for (const job of all) if (await mayName(db, actor, { workflow, isLive }, job)) own.push(job)
  // Nothing of it is theirs: refused as one offer would be.
  if (own.length === 0) await requireMay(db, actor, 'appoint', { workflow, lane: all[0]!.lane })
  const { ids, invited } = await inviteUnknown(
    db,
    actor,
    workflow,
    all.map(({ candidate }) => candidate),
  )
  const offers = own.flatMap(({ lane, circle, candidate }) => {
    const personId = ids.get(candidate.id)
    return personId === undefined ? [] : [{ lane, circle, deputy: false, personId }]
  })
  if (offers.length === 0) {
    throw new JobError('not-known', `${own[0]!.candidate.name} is not here yet. Ask an admin to invite them first.`)
  }
  await offerJobs(db, actor, workflow, offers)
  return { invited, offered: offers.length, left: all.length - offers.length }
}

function isSame(one: ProposedJob, { lane, circle, candidateId }: AskedJob): boolean {
  return one.lane === lane && one.circle === circle && one.candidate.id === candidateId
}

/** As `offerJobs` asks it, so that nobody is invited for an offer that is refused then. */
async function mayName(
  db: Database,
  actor: Actor,
  of: { readonly workflow: string; readonly isLive: boolean },
  { lane, candidate }: ProposedJob,
) {
  const personId = candidate.isKnown ? { personId: candidate.id } : {}
  return (await verdictOn(db, actor, 'appoint', { ...of, lane, ...personId })).allowed
}

/** The people of the cast by candidate. Whoever is not here yet stays out, where the actor cannot invite. */
async function inviteUnknown(
  db: Database,
  actor: Actor,
  workflow: string,
  candidates: readonly Candidate[],
): Promise<{ readonly ids: ReadonlyMap<string, PersonId>; readonly invited: number }> {
  const ids = new Map(candidates.filter(({ isKnown }) => isKnown).map(({ id }) => [id, id]))
  const unknown = new Map(candidates.filter(({ isKnown }) => !isKnown).map((one) => [one.id, one]))
  let invited = 0
  if (unknown.size === 0 || !(await verdictOn(db, actor, 'invite', {})).allowed) return { ids, invited }
  for (const { id, email } of unknown.values()) {
    const user = await userOfCandidate(db, workflow, email ?? id)
    const person = user === null ? null : await invite(db, actor, { by: 'user', ...user })
    if (person === null) continue
    ids.set(id, person.personId)
    if (person.isNew) invited += 1
  }
  return { ids, invited }
}
