import { sql } from 'kysely'
import type { Crm } from '../../model/record/change-event.ts'
import type { Database } from '../../store/database/database.ts'
import { type CrmLinks, safeUrl } from '../cases/crm-links.ts'
import type { Told } from './people-types.ts'

export type ToldOf = { readonly told: Told[]; readonly answerBy: string | null }

type TaskRow = {
  job_id: number
  id: string
  crm: Crm
  account_id: string
  base_url: string
  pages_url: string | null
  title: string
  crm_task_id: string | null
  status: 'open' | 'done'
}
type MailRow = { job_id: number; address: string; sent_at: Date | null; error: string | null }

/** How each question that waits was brought to its person, by job: the newest task, and the newest mail. */
export async function readTold(db: Database, links: CrmLinks): Promise<ReadonlyMap<number, ToldOf>> {
  const tasks = await sql<TaskRow>`
    select distinct on (j.job_id) j.job_id, c.id, c.crm, c.account_id, c.base_url, c.pages_url, c.title, t.crm_task_id, t.status
    from job_task j join task t on t.id = j.task_id join connection c on c.id = t.connection_id
    join job b on b.id = j.job_id and b.ended_at is null
    where j.about in ('offer', 'confirm') order by j.job_id, t.id desc`.execute(db)
  const mails = await sql<MailRow>`
    select distinct on (m.job_id) m.job_id, m.address, m.sent_at, m.error
    from job_message m join job b on b.id = m.job_id and b.ended_at is null and b.person_id = m.person_id order by m.job_id, m.id desc`.execute(
    db,
  )
  const ends = await sql<{ job_id: number; at: Date }>`
    select d.job_id, max(d.at) as at from job_due d join job b on b.id = d.job_id and b.ended_at is null
    where d.reason in ('end', 'confirm-end') and d.done_at is null group by 1`.execute(db)
  const all = new Map<number, { told: Told[]; answerBy: string | null }>()
  const of = (id: number) => {
    const known = all.get(id) ?? { told: [], answerBy: null }
    all.set(id, known)
    return known
  }
  for (const row of tasks.rows) {
    const target = {
      id: row.id,
      crm: row.crm,
      accountId: row.account_id,
      baseUrl: row.base_url,
      pagesUrl: row.pages_url,
    }
    const url = row.crm_task_id === null ? null : safeUrl(links.taskUrl(target, row.crm_task_id))
    of(row.job_id).told.push({ by: 'task', where: row.title, url, isWritten: row.crm_task_id !== null })
  }
  for (const { job_id: id, address, sent_at: sentAt, error } of mails.rows) {
    of(id).told.push({ by: 'mail', address, sentAt: sentAt?.toISOString() ?? null, error })
  }
  for (const { job_id: id, at } of ends.rows) of(id).answerBy = at.toISOString()
  return all
}
