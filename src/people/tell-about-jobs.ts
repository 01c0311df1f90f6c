import { afterFullBusinessDays } from '../model/calendar/business-time.ts'
import { appointers } from '../model/jobs/appointers.ts'
import { answerByMs, PLAIN_CALENDAR } from '../model/jobs/job-clock.ts'
import { confirmText, type JobText, jobClosing, lastHolder, offerText, vacancyText } from '../model/jobs/job-texts.ts'
import { vacanciesOf, wantsTask } from '../model/jobs/vacancies.ts'
import { databaseNowMs } from '../store/database/clock.ts'
import type { Database } from '../store/database/database.ts'
import { inTransaction } from '../store/database/transaction.ts'
import { type ClockedWorkflow, confirmReminders, isSandbox } from '../store/offers/job-dues.ts'
import { dropMessages, mailAddresses, type NewMessage, requestMessages } from '../store/offers/job-messages.ts'
import {
  closeJobTasks,
  ensureJobTask,
  type JobTask,
  type OpenJobTask,
  openJobTasks,
  type TaskPlace,
  taskPlaces,
} from '../store/offers/job-tasks.ts'
import { type Job, jobsOf } from '../store/people/jobs.ts'
import { lanesHeld } from '../store/people/lane-holders.ts'
import { namesOf, type PersonId } from '../store/people/persons.ts'
import { ownerMessages } from './tell-owners.ts'

export type Telling = {
  readonly publicUrl: string
  /** A mail server is set. */
  readonly canMail: boolean
}

/** A question to somebody: what the task says, and why a mail goes out for it. */
type Question = { readonly task: JobTask; readonly reason: string }

type Facts = {
  readonly nowMs: number
  readonly workflows: ReadonlyMap<string, ClockedWorkflow>
  readonly jobs: readonly Job[]
  readonly names: ReadonlyMap<PersonId, string>
  readonly reminded: ReadonlySet<string>
  readonly publicUrl: string
  readonly isSandbox: boolean
}

/** Makes tasks and mails about jobs what they should be now: one for each open question, none for what is answered. */
export async function tellAboutJobs(
  db: Database,
  workflows: readonly ClockedWorkflow[],
  { publicUrl, canMail }: Telling,
): Promise<void> {
  const jobs = await jobsOf(db)
  const names = await namesOf(
    db,
    jobs.flatMap(({ personId, offeredBy }) => [personId, offeredBy.replace(/^person:/, '')]),
  )
  const facts: Facts = {
    nowMs: await databaseNowMs(db),
    workflows: new Map(workflows.map((one) => [one.workflow, one])),
    jobs,
    names,
    reminded: await confirmReminders(db),
    publicUrl,
    isSandbox: await isSandbox(db),
  }
  const vacant = await vacancyQuestions(db, facts)
  const asked = jobs.flatMap((job) => jobQuestion(job, facts) ?? [])
  const people = [...new Set([...asked.map(({ task }) => task.personId), ...vacant.flatMap(({ to }) => to)])]
  const places = await taskPlaces(db, people)
  const addresses = await mailAddresses(db, people)
  const isReachable = (id: PersonId) => places.has(id) || (canMail && addresses.has(id))
  const questions = [
    ...asked,
    ...vacant.flatMap(({ to, ask }) => {
      const personId = to.find((id) => places.has(id)) ?? to.find(isReachable)
      return personId === undefined ? [] : [ask(personId)]
    }),
  ]
  await makeTasks(db, questions, places, facts)
  await dropMessages(
    db,
    questions.map(({ task }) => task.cause),
  )
  if (!canMail) return
  const mails = questions.flatMap((question) => mailOf(question, addresses) ?? [])
  await requestMessages(db, [...mails, ...(await ownerMessages(db, facts))])
}

export function clocked({ state, offeredAt, confirmBy }: Job) {
  return { state, offeredAtMs: offeredAt.getTime(), confirmByMs: confirmBy?.getTime() ?? null }
}

function jobQuestion(job: Job, facts: Facts): Question | null {
  if (job.lane === 'admin' || job.state === 'ended') return null
  const isConfirm = job.state === 'accepted'
  if (isConfirm && (job.confirmBy === null || job.confirmBy.getTime() > facts.nowMs)) return null
  const workflow = facts.workflows.get(job.workflow)
  const key = `${job.id}/${job.confirmBy?.getTime()}`
  const reminds = isConfirm ? facts.reminded.has(key) : job.remindedAt !== null
  const words = {
    ...job,
    workflowTitle: workflow?.title ?? job.workflow,
    asker: facts.names.get(job.offeredBy.replace(/^person:/, '')) ?? 'Lanekeeper',
    url: `${facts.publicUrl}/people?job=${job.id}`,
    reminds,
    isSandbox: facts.isSandbox,
  }
  const reason = isConfirm ? 'confirm' : 'offer'
  return {
    reason: reminds ? `${reason}-remind` : reason,
    task: {
      ...(isConfirm ? confirmText(words) : offerText(words)),
      about: reason,
      cause: isConfirm ? `confirm/${key}` : `offer/${job.id}`,
      personId: job.personId,
      workflow: job.workflow,
      lane: job.lane,
      circle: job.circle,
      jobId: job.id,
      dueAtMs: answerByMs(clocked(job), workflow?.calendar ?? PLAIN_CALENDAR) ?? facts.nowMs,
    },
  }
}

/** With whom to ask, the first who can be reached. */
async function vacancyQuestions(
  db: Database,
  facts: Facts,
): Promise<{ readonly to: readonly PersonId[]; readonly ask: (personId: PersonId) => Question }[]> {
  const lanes = await lanesHeld(db, null)
  return [...facts.workflows.values()].flatMap(({ workflow, title, mode, calendar, hasBegun }) => {
    if (!hasBegun) return []
    return vacanciesOf(workflow, facts.jobs, lanes)
      .filter((vacancy) => wantsTask(vacancy, mode))
      .map(({ lane, circle, cause, afterJobId }) => {
        const last = facts.jobs.find(({ id }) => id === afterJobId)
        const text: JobText = vacancyText({
          lane,
          circle,
          workflowTitle: title,
          why: last === undefined ? null : lastHolder(facts.names.get(last.personId) ?? 'The last one', last),
          url: `${facts.publicUrl}/people?workflow=${encodeURIComponent(workflow)}`,
          isSandbox: facts.isSandbox,
        })
        const since = last?.endedAt?.getTime() ?? facts.nowMs
        const dueAtMs = afterFullBusinessDays(calendar, since, VACANCY_DUE_DAYS)
        const of = { about: 'vacancy', cause, workflow, lane, circle, jobId: null, dueAtMs } as const
        const to = appointers(lanes, { workflow, lane, nowMs: facts.nowMs })
        return { to, ask: (personId: PersonId) => ({ reason: 'vacancy', task: { ...text, ...of, personId } }) }
      })
  })
}

/** Vacancies of data, boundary and workflow stop writes after three business days: until then somebody should be named. */
const VACANCY_DUE_DAYS = 3

async function makeTasks(
  db: Database,
  questions: readonly Question[],
  places: ReadonlyMap<PersonId, readonly TaskPlace[]>,
  facts: Facts,
): Promise<void> {
  const wanted = new Map(questions.map(({ task }) => [task.cause, task]))
  const isInPlace = ({ cause, connectionId }: OpenJobTask) => {
    const personId = wanted.get(cause)?.personId
    return personId !== undefined && (places.get(personId) ?? []).some((place) => place.connectionId === connectionId)
  }
  const open = await openJobTasks(db)
  const over = open.filter((task) => !isInPlace(task))
  await inTransaction(db, async (trx) => {
    await closeJobTasks(
      trx,
      over.map((task) => ({ ...task, closing: closingOf(task, wanted, facts) })),
    )
    const kept = new Map(open.filter(isInPlace).map((task) => [task.cause, task.connectionId]))
    for (const task of [...wanted.values()].sort((a, b) => (a.cause < b.cause ? -1 : 1))) {
      const connectionId = kept.get(task.cause) ?? places.get(task.personId)?.[0]?.connectionId
      if (connectionId !== undefined) await ensureJobTask(trx, connectionId, task)
    }
  })
}

function closingOf(task: OpenJobTask, wanted: ReadonlyMap<string, JobTask>, { jobs, names }: Facts): string {
  if (wanted.has(task.cause)) return 'Closed automatically: Lanekeeper asks in another place now.'
  if (task.about === 'vacancy') return 'Closed automatically: somebody is asked, or holds the job now.'
  const job = jobs.find(({ id }) => id === task.jobId)
  if (job === undefined) return 'Closed automatically: the question was withdrawn.'
  if (task.about === 'confirm' && job.state === 'accepted') return 'Closed automatically: the job is confirmed.'
  return jobClosing({ name: names.get(job.personId) ?? 'The person', state: job.state, endReason: job.endReason })
}

function mailOf({ task, reason }: Question, addresses: ReadonlyMap<PersonId, string>): NewMessage | null {
  const address = addresses.get(task.personId)
  if (address === undefined) return null
  const { jobId, cause, personId, subject, body } = task
  // The same question in another place: here there is no task to complete.
  const link = task.lastLine.slice(task.lastLine.lastIndexOf('http'))
  return { jobId, cause, personId, reason, address, subject, body: `${body}\n\nAnswer here: ${link}` }
}
