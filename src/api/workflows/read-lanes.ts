import { sql } from 'kysely'
import type { Lane } from '../../model/authority/acts.ts'
import { LANE_WORDS } from '../../model/authority/lane-words.ts'
import type { ReviewCircle } from '../../model/classes/class.ts'
import { type Policy, SINGLE_JOBS } from '../../model/policy/policy.ts'
import { linkedEmails, NO_COMPANY_PEOPLE } from '../../model/record/company-people.ts'
import type { Database } from '../../store/database/database.ts'
import { openTaskCounts } from '../../store/decisions/open-tasks.ts'
import type { LaneCell, LanePerson } from './matrix-types.ts'
import { usersByEmail } from './read-users.ts'

type Place = { readonly lane: Exclude<Lane, 'admin'>; readonly circle: ReviewCircle | null }

/** In the order of the picture's columns. */
const PLACES: readonly Place[] = [
  { lane: 'review', circle: 'general' },
  { lane: 'review', circle: 'senior' },
  { lane: 'review', circle: 'approved' },
  ...(['override', 'workflow', 'rollback', 'boundary', 'data'] as const).map((lane) => ({ lane, circle: null })),
]

type JobRow = {
  lane: Lane
  circle: ReviewCircle | null
  deputy: boolean
  personId: string | null
  name: string
  acceptedAt: Date | null
  offeredAt: Date | null
  hasLeft: boolean
  awayUntil: string | null
  delegate: string | null
  emails: string[]
}

/** Everybody in the lanes of a workflow: by their jobs, or by the policy's file where nobody has a job yet. */
export async function readLanes(db: Database, policy: Policy): Promise<LaneCell[]> {
  const [jobs, counts] = await Promise.all([openJobs(db, policy.workflow), openTaskCounts(db)])
  const rows = jobs.length > 0 ? jobs : await namedInFile(db, policy)
  const personOf = (row: JobRow): LanePerson => {
    const openTasks = row.emails.reduce((sum, email) => sum + (counts.get(email) ?? 0), 0)
    return {
      personId: row.personId,
      name: row.name,
      state: row.hasLeft ? 'left' : row.acceptedAt === null ? 'offered' : 'accepted',
      since: (row.hasLeft ? null : (row.acceptedAt ?? row.offeredAt))?.toISOString() ?? null,
      away: row.awayUntil === null ? null : { until: row.awayUntil, delegate: row.delegate },
      openTasks,
      isFull: row.lane === 'review' && openTasks >= policy.guards.capacity,
    }
  }
  return PLACES.map(({ lane, circle }) => {
    const own = rows.filter((row) => row.lane === lane && row.circle === circle)
    const people = own.filter(({ deputy }) => !deputy).map(personOf)
    const deputy = own.find((row) => row.deputy)
    const { title, question, without } = LANE_WORDS[lane]
    return {
      lane,
      circle,
      title,
      question,
      without,
      people: people.toSorted((a, b) => readiness(b) - readiness(a)),
      deputy: deputy === undefined ? null : personOf(deputy),
      isVacant: !people.some(({ state }) => state === 'accepted'),
    }
  })
}

/** Who can act now stands first; among those who can, the order in which they are asked stays. */
function readiness({ state, away, isFull }: LanePerson): number {
  if (state !== 'accepted') return state === 'offered' ? 1 : 0
  return away !== null ? 2 : isFull ? 3 : 4
}

/** Who is there and who is away is what `lane_holder` is worked out from, so that the picture never says another thing. */
async function openJobs(db: Database, workflow: string): Promise<JobRow[]> {
  const { rows } = await sql<JobRow>`
    select j.lane, j.circle, j.deputy, p.id as "personId", p.name, j.accepted_at as "acceptedAt",
      j.offered_at as "offeredAt", a.until_day as "awayUntil", d.name as delegate,
      not coalesce(case j.lane when 'review' then h.has_crm_user else h.has_crm_user or h.has_sign_in end, false)
        as "hasLeft",
      array(
        select lower(c.email) from identity o
        join connection k on k.identity_issuer = o.issuer and k.status <> 'disconnected'
        join crm_user c on c.connection_id = k.id and c.user_id = o.subject and c.email is not null
        where o.person_id = p.id and o.kind = 'crm' and o.state = 'confirmed') as emails
    from job j
    join person p on p.id = j.person_id
    left join active_people() h on h.person_id = p.id
    left join lateral (
      select b.until_day, b.delegate_id from absence b
      where b.person_id = p.id and b.ended_at is null
        and day_in_zone(h.zone, clock_timestamp()) between b.from_day and b.until_day
      order by b.delegate_id is null, b.until_day limit 1) a on true
    left join person d on d.id = a.delegate_id
    where j.workflow = ${workflow} and j.ended_at is null
    order by j.lane, j.circle, j.deputy, j.place, j.id`.execute(db)
  return rows
}

/** As the policy's file names them: e-mails, each with the day that somebody typed. */
async function namedInFile(db: Database, { owners, people = NO_COMPANY_PEOPLE }: Policy): Promise<JobRow[]> {
  const named = [
    ...(['general', 'senior', 'approved'] as const).flatMap((circle) =>
      owners.reviewers[circle].map((email) => ({ lane: 'review' as const, circle, email })),
    ),
    ...SINGLE_JOBS.flatMap((lane) => {
      const email = owners[lane]
      return email === null ? [] : [{ lane, circle: null, email }]
    }),
  ]
  const users = await usersByEmail(
    db,
    named.flatMap(({ email }) => linkedEmails(people, email)),
  )
  return named.map(({ lane, circle, email }) => {
    const theirs = linkedEmails(people, email)
    const known = theirs.flatMap((one) => users.get(one) ?? [])
    const day = theirs.map((one) => owners.accepted[one]).find((one) => one !== undefined)
    return {
      lane,
      circle,
      deputy: false,
      personId: null,
      name: (known.find(({ canLogIn }) => canLogIn) ?? known[0])?.name ?? email,
      acceptedAt: day === undefined ? null : new Date(`${day}T00:00:00Z`),
      offeredAt: null,
      hasLeft: !known.some(({ canLogIn }) => canLogIn),
      awayUntil: null,
      delegate: null,
      emails: [...theirs],
    }
  })
}
