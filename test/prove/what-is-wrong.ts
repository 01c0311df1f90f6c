import { sql } from 'kysely'
import type { Place, Plan } from './plan.ts'

type Facts = {
  readonly recordId: string
  readonly intentId: number
  readonly to: string
  readonly other: string
  /** The CRM showed our owner before anybody else changed it. */
  readonly isWritten: boolean
  /** Tasks in the CRM before the run. */
  readonly tasksBefore: number
}

type Row = {
  readonly kind: string
  readonly state: string
  readonly attempts: number
  readonly unanswered: number
  readonly crm_task_id: string | null
}

/** The invariants, with the CRM as the witness. Empty: all hold. */
export async function whatIsWrong({ of, db }: Place, { kind, personActs }: Plan, facts: Facts): Promise<string[]> {
  const { recordId, intentId, to, other, isWritten, tasksBefore } = facts
  const wrong: string[] = []
  const { rows } = await sql<Row>`
    select i.kind, i.state, t.crm_task_id,
      (select count(*)::int from write_attempt a where a.intent_id = i.id) as attempts,
      (select count(*)::int from write_attempt a where a.intent_id = i.id and not exists (
        select 1 from write_answer w where w.attempt_id = a.id)) as unanswered
    from intent own join intent i on i.id = own.id or i.task_id = own.task_id
    left join task t on t.id = i.task_id where own.id = ${intentId} order by i.id`.execute(db)
  for (const { kind: of, state, unanswered } of rows) {
    if (state !== 'done' && state !== 'cancelled') wrong.push(`the ${of} intent ended as ${state}`)
    if (unanswered > 0) wrong.push(`${unanswered} attempts of the ${of} have no answer in the write log`)
  }
  const attempts = (of: string) => rows.filter((row) => row.kind === of).reduce((sum, row) => sum + row.attempts, 0)
  const tasksMade = (await of.allTasks()) - tasksBefore
  if (kind !== 'owner') {
    const tasks = await of.tasksOf(recordId)
    if (tasks.length !== 1) wrong.push(`${tasks.length} tasks on the record`)
    if (tasksMade !== 1) wrong.push(`${tasksMade} tasks were made`)
    if (attempts('task') < tasksMade) wrong.push(`${tasksMade} tasks and ${attempts('task')} rows in the write log`)
    if (of.linksApart && attempts('link') < tasks.length) wrong.push('a link was made without a row in the write log')
    const known = rows[0]!.crm_task_id
    if (known !== tasks[0]) wrong.push(`the task is ${tasks[0]} and we know ${known}`)
    return wrong
  }
  if (tasksMade !== 0) wrong.push(`${tasksMade} tasks were made`)
  const owner = await of.ownerOf(recordId)
  if (owner !== (personActs ? other : to)) wrong.push(`the owner is ${owner}`)
  if ((isWritten || owner === to) && attempts('owner') === 0) {
    wrong.push('an owner was written without a row in the write log')
  }
  return wrong
}
