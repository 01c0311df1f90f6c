import { sql } from 'kysely'
import type { ReadinessProblem } from '../../model/authority/readiness-problem.ts'
import type { Database } from '../../store/database/database.ts'
import type { Overview } from './overview-types.ts'

type Alert = Omit<Overview['alerts'][number], 'departed'>
type Problem = Partial<ReadinessProblem>

/** What keeps workflows from running as they should, and what soon will. */
export async function workflowsNotReady(db: Database, now: Date): Promise<Alert[]> {
  const { rows } = await sql<{ title: string; mode: string; effective_mode: string; problems: Problem[] }>`
    select title, mode, effective_mode, problems from workflow
    where hash is not null and jsonb_array_length(problems) > 0 order by workflow`.execute(db)
  return rows.map(({ title, mode, effective_mode: effectiveMode, problems: stored }): Alert => {
    // Code of before found vacancies alone, and did not say so.
    const problems = stored.map((problem): Problem => ({ kind: 'vacant', ...problem }))
    const detail = problems.map(problemLine).join('. ')
    const about = problems.every(({ kind }) => kind === 'in-doubt') ? 'workflow' : 'people'
    // It runs all the same: the CRM's last list left somebody out, and its answer about them is awaited.
    if (problems.every(({ kind }) => kind === 'in-doubt') && effectiveMode === 'live') {
      const remedy = 'No action needed; it runs while the CRM is asked.'
      return { level: 'warn', title: `${title}: a person is being checked`, detail, remedy, needsAction: false, about }
    }
    // One that was found by code of before has no such time, and stops it.
    const stops = problems.filter(({ kind }) => kind === 'vacant' || kind === 'fragile')
    const isStopped = stops.some(({ writesEndAtMs }) => (writesEndAtMs ?? 0) <= +now)
    if (effectiveMode === mode && !isStopped) {
      const ends = problems.flatMap(({ writesEndAtMs }) => writesEndAtMs ?? [])
      const until = ends.length === 0 ? '' : ` Automated changes stop on ${dayOf(Math.min(...ends))} otherwise.`
      const remedy = `${stepsOf(problems)}${until}`
      return { level: 'warn', title: `${title}: ${whatIsMissing(problems)}`, detail, remedy, needsAction: true, about }
    }
    return {
      level: 'warn',
      title: effectiveMode === 'live' ? `${title} is not live in every connection` : `${title} is not ready to go live`,
      detail,
      remedy: toGoLive(effectiveMode, problems),
      needsAction: true,
      about,
    }
  })
}

/** Until that day those whom files name go on; then jobs count that people accepted. */
export async function jobsToAccept(db: Database): Promise<Alert[]> {
  const { rows } = await sql<{ title: string; day: string; open: number }>`
    select w.title, to_char(w.jobs_from at time zone 'UTC', 'YYYY-MM-DD') as day,
      (select count(*) from job j where j.workflow = w.workflow and j.ended_at is null and j.accepted_at is null) as open
    from workflow w where w.hash is not null and w.jobs_from > clock_timestamp() order by w.workflow`.execute(db)
  return rows.map(({ title, day, open }) => ({
    level: 'warn',
    title: `${title}: people accept their jobs by ${day}`,
    detail:
      open === 0
        ? 'Until then the people whom its file names keep their jobs.'
        : `${open} ${open === 1 ? 'job was offered and is' : 'jobs were offered and are'} not accepted yet. Until then the people whom its file names keep them.`,
    remedy: `Ask them to accept on the page People. On ${day} automated changes stop where a job is still open.`,
    needsAction: true,
    about: 'people',
  }))
}

function whatIsMissing(problems: readonly Problem[]): string {
  if (problems.some(({ kind }) => kind === 'vacant')) return 'a job is vacant'
  return problems.some(({ kind }) => kind === 'fragile') ? 'one person holds most jobs' : 'a reviewer left'
}

function problemLine({ job, email, problem, without }: Problem): string {
  const what = problem ?? 'vacant'
  const breaks = without == null ? '' : `. ${without.replace(/\.$/, '')}`
  return `${job ?? 'a job'}: ${email && !what.includes(email) ? `${email}, ` : ''}${what}${breaks}`
}

/** Steps named in the alert; the Workflows page has them all. */
const STEPS_MAX = 2

function stepsOf(problems: readonly Problem[]): string {
  const steps = [...new Set(problems.flatMap(({ step }) => (step === undefined ? [] : [step])))]
  const more = steps.length - STEPS_MAX
  if (steps.length === 0) return 'Name an active person for each job on the page People.'
  return `${steps.slice(0, STEPS_MAX).join(' ')}${more > 0 ? ` And ${more} more on the Workflows page.` : ''}`
}

function toGoLive(mode: string, problems: readonly Problem[]): string {
  const now =
    mode === 'live'
      ? 'It is live in the other connections.'
      : mode === 'observe'
        ? 'It only observes until then.'
        : `It runs in ${mode} mode until then.`
  return `${stepsOf(problems)} ${now}`
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
