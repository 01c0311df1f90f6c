import { sql } from 'kysely'
import type { LaneHeld } from '../../model/authority/acts.ts'
import { LANE_WORDS } from '../../model/authority/lane-words.ts'
import { type CasesPerWeek, minutesPerWeekOf } from '../../model/authority/smallest-cast.ts'
import { appointers } from '../../model/jobs/appointers.ts'
import { jobTitle, lastHolder } from '../../model/jobs/job-texts.ts'
import { isOfPlace, placesOf, vacanciesOf } from '../../model/jobs/vacancies.ts'
import type { Database } from '../../store/database/database.ts'
import { mailAddresses } from '../../store/offers/job-messages.ts'
import { taskPlaces } from '../../store/offers/job-tasks.ts'
import { casesPerWeek } from '../../store/people/cast-candidates.ts'
import { type Job, jobsOf } from '../../store/people/jobs.ts'
import { lanesHeld } from '../../store/people/lane-holders.ts'
import type { PersonId } from '../../store/people/persons.ts'
import { workflowDrafts } from '../../store/people/workflow-names.ts'
import type { CrmLinks } from '../cases/crm-links.ts'
import type { PeopleReply, PersonView, WorkflowPlaces } from './people-types.ts'
import { readAway, readIdentities, readLoad } from './read-person-facts.ts'
import { readTold, type ToldOf } from './read-told.ts'

type PersonRow = { readonly id: PersonId; readonly name: string; readonly endedAt: Date | null }

/** Ended jobs that a person's page lists; what was before stands in the ledger. */
const HISTORY_MAX = 20

/** Everybody with their jobs, what waits for an answer, who is away and where, and which jobs nobody holds. */
export async function readPeople(
  db: Database,
  of: { readonly you: PersonId; readonly hasMail: boolean; readonly links: CrmLinks; readonly now: Date },
): Promise<PeopleReply> {
  const [people, jobs, lanes, workflows, told, away, tasks, identities, hasConnection, weeks] = await Promise.all([
    readPersons(db),
    jobsOf(db),
    lanesHeld(db, null),
    readWorkflows(db),
    readTold(db, of.links),
    readAway(db),
    readLoad(db),
    readIdentities(db),
    isConnected(db),
    casesPerWeek(db),
  ])
  const reachable = await reachablePeople(db, jobs, of.hasMail)
  const names = new Map(people.map(({ id, name }) => [id, name]))
  const titles = new Map(workflows.map(({ workflow, title }) => [workflow, title]))
  const admins = new Set(lanes.filter(({ lane }) => lane === 'admin').map(({ personId }) => personId))
  const minutesOf = (job: Job) => minutesAWeek(job, jobs, weeks)
  const view = (job: Job) => jobView(job, { titles, names, told, reachable, minutesOf, nowMs: of.now.getTime() })
  const loadOf = (theirs: readonly Job[]) =>
    theirs.reduce((sum, job) => sum + (job.state === 'accepted' ? (minutesOf(job) ?? 0) : 0), 0)
  return {
    at: of.now.toISOString(),
    you: { id: of.you, isAdmin: admins.has(of.you) },
    hasMail: of.hasMail,
    hasConnection,
    people: people.map(({ id, name, endedAt }): PersonView => {
      const theirs = jobs.filter(({ personId, lane }) => personId === id && lane !== 'admin')
      return {
        id,
        name,
        isYou: id === of.you,
        isAdmin: admins.has(id),
        endedAt: endedAt?.toISOString() ?? null,
        jobs: listed(theirs).map(view),
        away: away.get(id) ?? [],
        load: { openTasks: tasks.get(id) ?? 0, minutesAWeek: loadOf(theirs) },
        identities: identities.get(id) ?? [],
      }
    }),
    workflows: workflows.map((one) =>
      workflowPlaces(one, { you: of.you, jobs, lanes, names, weeks, nowMs: of.now.getTime() }),
    ),
  }
}

async function readPersons(db: Database): Promise<PersonRow[]> {
  const { rows } = await sql<PersonRow>`
    select p.id, p.name, p.ended_at as "endedAt" from person p
    order by p.ended_at is not null, lower(p.name), p.id`.execute(db)
  return rows
}

type WorkflowRow = { readonly workflow: string; readonly title: string; readonly mode: string }

async function readWorkflows(db: Database): Promise<WorkflowRow[]> {
  const { rows } = await sql<WorkflowRow>`
    select workflow, title, effective_mode as mode from workflow where hash is not null order by title, workflow`.execute(
    db,
  )
  // Its jobs are taken before two people can publish it.
  const drafts = (await workflowDrafts(db)).map((one) => ({ ...one, mode: 'draft' }))
  return [...rows, ...drafts]
}

async function isConnected(db: Database): Promise<boolean> {
  const { rows } = await sql`select 1 from connection where status <> 'disconnected' limit 1`.execute(db)
  return rows.length > 0
}

function listed(jobs: readonly Job[]): Job[] {
  const open = jobs.filter(({ state }) => state !== 'ended')
  const over = jobs
    .filter(({ state }) => state === 'ended')
    .sort((a, b) => b.endedAt!.getTime() - a.endedAt!.getTime())
    .slice(0, HISTORY_MAX)
  return [...open, ...over]
}

const ENDS: Readonly<Record<string, string>> = {
  declined: 'declined',
  'given-back': 'given back',
  replaced: 'replaced by somebody else',
  'not-confirmed': 'not confirmed within 5 business days',
  'not-answered': 'not answered within 5 business days',
  left: 'no longer an active user',
  withdrawn: 'withdrawn',
}

function jobView(
  job: Job,
  of: {
    readonly titles: ReadonlyMap<string, string>
    readonly names: ReadonlyMap<PersonId, string>
    readonly told: ReadonlyMap<number, ToldOf>
    readonly reachable: ReadonlySet<PersonId>
    readonly minutesOf: (job: Job) => number | null
    readonly nowMs: number
  },
): PersonView['jobs'][number] {
  const isToConfirm = job.state === 'accepted' && job.confirmBy !== null && job.confirmBy.getTime() <= of.nowMs
  const waits = job.state === 'offered' || isToConfirm
  const told = of.told.get(job.id)
  return {
    id: job.id,
    workflow: job.workflow,
    workflowTitle: of.titles.get(job.workflow) ?? job.workflow,
    lane: job.lane,
    circle: job.circle,
    deputy: job.deputy,
    title: jobTitle(job),
    state: job.state,
    offeredAt: job.offeredAt.toISOString(),
    offeredBy: of.names.get(job.offeredBy.replace(/^person:/, '')) ?? 'Lanekeeper',
    remindedAt: job.remindedAt?.toISOString() ?? null,
    acceptedAt: job.acceptedAt?.toISOString() ?? null,
    isToConfirm,
    answerBy: waits ? (told?.answerBy ?? null) : null,
    confirmBy: job.confirmBy?.toISOString() ?? null,
    endedAt: job.endedAt?.toISOString() ?? null,
    endedBecause: job.endReason === null ? null : (ENDS[job.endReason] ?? job.endReason),
    told: waits ? howTold(told, of.reachable.has(job.personId)) : [],
    without: LANE_WORDS[job.lane].without,
    question: LANE_WORDS[job.lane].question,
    minutesAWeek: of.minutesOf(job),
  }
}

/** Cases of the circle, shared by everybody in it and who is asked; a deputy has work only while the holder is away. */
function minutesAWeek(job: Job, jobs: readonly Job[], weeks: ReadonlyMap<string, CasesPerWeek>): number | null {
  const { lane, circle, workflow } = job
  if (lane === 'admin' || job.deputy || job.state === 'ended') return null
  const sharedBy = jobs.filter((one) => one.state !== 'ended' && !one.deputy && isOfPlace(one, job)).length
  return minutesPerWeekOf({ lane, circle, sharedBy }, weeks.get(workflow) ?? {})
}

/** Who gets a task or a mail within seconds; nobody has to tell them. */
async function reachablePeople(db: Database, jobs: readonly Job[], hasMail: boolean): Promise<ReadonlySet<PersonId>> {
  const asked = jobs.filter(({ state }) => state !== 'ended').map(({ personId }) => personId)
  const places = await taskPlaces(db, asked)
  const addresses = hasMail ? await mailAddresses(db, asked) : new Map<PersonId, string>()
  return new Set([...places.keys(), ...addresses.keys()])
}

function howTold(of: ToldOf | undefined, isReachable: boolean): ToldOf['told'] {
  const told = of?.told ?? []
  return told.length === 0 && !isReachable ? [{ by: 'hand' }] : told
}

function workflowPlaces(
  { workflow, title, mode }: WorkflowRow,
  of: {
    readonly you: PersonId
    readonly jobs: readonly Job[]
    readonly lanes: readonly LaneHeld[]
    readonly names: ReadonlyMap<PersonId, string>
    readonly weeks: ReadonlyMap<string, CasesPerWeek>
    readonly nowMs: number
  },
): WorkflowPlaces {
  const named = (id: PersonId) => ({ id, name: of.names.get(id) ?? id })
  const vacant = vacanciesOf(workflow, of.jobs, of.lanes)
  return {
    workflow,
    title,
    mode,
    places: placesOf(workflow).map((place) => {
      const jobs = of.jobs.filter((job) => isOfPlace(job, place))
      const holders = jobs.filter(({ state, deputy }) => state === 'accepted' && !deputy)
      const vacancy = vacant.find((one) => isOfPlace(one, place))
      const last = of.jobs.find(({ id }) => id === vacancy?.afterJobId)
      const { question, without } = LANE_WORDS[place.lane]
      const may = appointers(of.lanes, { workflow, lane: place.lane, nowMs: of.nowMs })
      return {
        lane: place.lane,
        circle: place.circle,
        title: jobTitle({ ...place, deputy: false }),
        question,
        without,
        minutesAWeek: minutesPerWeekOf({ ...place, sharedBy: 1 }, of.weeks.get(workflow) ?? {}),
        holders: holders.map(({ personId }) => named(personId)),
        deputies: jobs.filter(({ state, deputy }) => state === 'accepted' && deputy).map((job) => named(job.personId)),
        offered: jobs
          .filter(({ state }) => state === 'offered')
          .map(({ personId, deputy }) => ({ ...named(personId), deputy })),
        canAppoint: may.includes(of.you),
        appointers: may.map(named),
        isVacant: vacancy !== undefined,
        last: last === undefined ? null : lastHolder(named(last.personId).name, last),
      }
    }),
  }
}
