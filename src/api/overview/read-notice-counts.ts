import { sql } from 'kysely'
import type { Database } from '../../store/database/database.ts'

/** The title of an alert that names people or records; null where the notice's own title has to do. */
export type NoticeCounts = (connectionId: string, code: string, title: string) => string | null

/** Who left and how much they still own, and how many records differ, for every connection with such a notice. */
export async function readNoticeCounts(db: Database): Promise<NoticeCounts> {
  const [left, differ] = await Promise.all([
    sql<{ connection: string; names: string[]; records: number }>`
      select n.connection_id as connection, array_agg(distinct u.name) as names, count(r.record_id) as records
      from notice n
      join crm_user u on u.connection_id = n.connection_id and u.user_id = n.subject
      left join record r on r.connection_id = n.connection_id and r.owner_id = n.subject and not r.deleted
      where n.code = 'owner-gone' and n.ended_at is null group by n.connection_id`.execute(db),
    sql<{ connection: string; records: number }>`
      select d.connection_id as connection, count(*) as records from difference d
      where d.differs_since is not null
        and exists (select 1 from notice n where n.connection_id = d.connection_id and n.code = 'out-of-sync' and n.ended_at is null)
      group by d.connection_id`.execute(db),
  ])
  return (connectionId, code, title) => {
    if (code === 'owner-gone') {
      const row = left.rows.find(({ connection }) => connection === connectionId)
      return row ? leftTitle(row.names, row.records, title) : null
    }
    if (code !== 'out-of-sync') return null
    const n = differ.rows.find(({ connection }) => connection === connectionId)?.records ?? 0
    return n === 0 ? null : `${n.toLocaleString('en')} ${n === 1 ? 'record differs' : 'records differ'} from ${title}`
  }
}

/** `Jonas Huber left: 1,165 CRM records need an owner` */
function leftTitle(names: readonly string[], records: number, title: string): string {
  const who = names.length === 1 ? names[0] : `${names.length} owners`
  const need = records === 1 ? 'record needs an owner' : 'records need an owner'
  return `${who} left: ${records.toLocaleString('en')} ${title} ${need}`
}
