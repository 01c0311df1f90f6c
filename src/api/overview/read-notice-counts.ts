import { sql } from 'kysely'
import type { Database } from '../../store/database/database.ts'
import { recordsOwnedBy } from '../../store/notices/notice-facts.ts'

/** The title of an alert that names people or records; null where the notice's own title has to do. */
export type NoticeCounts = (
  connectionId: string,
  notice: { readonly code: string; readonly subject: string; readonly title: string },
) => string | null

/** Who left and how much they still own, and how many records differ, for every connection with such a notice. */
export async function readNoticeCounts(db: Database): Promise<NoticeCounts> {
  const [left, differ] = await Promise.all([
    readLeft(db),
    sql<{ connection: string; records: number }>`
      select d.connection_id as connection, count(*) as records from difference d
      where d.differs_since is not null
        and exists (select 1 from notice n where n.connection_id = d.connection_id and n.code = 'out-of-sync' and n.ended_at is null)
      group by d.connection_id`.execute(db),
  ])
  return (connectionId, { code, subject, title }) => {
    if (code === 'owner-gone') {
      const row = left.find(({ connection, userId }) => connection === connectionId && userId === subject)
      return row ? leftTitle(row.name, row.records, title) : null
    }
    if (code !== 'out-of-sync') return null
    const n = differ.rows.find(({ connection }) => connection === connectionId)?.records ?? 0
    return n === 0 ? null : `${n.toLocaleString('en')} ${n === 1 ? 'record differs' : 'records differ'} from ${title}`
  }
}

type Left = { readonly connection: string; readonly userId: string; readonly name: string; readonly records: number }

async function readLeft(db: Database): Promise<Left[]> {
  const { rows } = await sql<Omit<Left, 'records'>>`
    select n.connection_id as connection, u.user_id as "userId", u.name
    from notice n join crm_user u on u.connection_id = n.connection_id and u.user_id = n.subject
    where n.code = 'owner-gone' and n.ended_at is null`.execute(db)
  const left = [...Map.groupBy(rows, ({ connection }) => connection)].map(async ([connection, people]) => {
    const ids = people.map(({ userId }) => userId)
    const owned = await recordsOwnedBy(db, connection, ids)
    return people.map((person) => ({ ...person, records: owned.get(person.userId) ?? 0 }))
  })
  return (await Promise.all(left)).flat()
}

/** `Jonas Huber left: 1,165 CRM records need an owner` */
function leftTitle(who: string, records: number, title: string): string {
  if (records === 0) return `${who} left: no ${title} record needs an owner any more`
  const need = records === 1 ? 'record needs an owner' : 'records need an owner'
  return `${who} left: ${records.toLocaleString('en')} ${title} ${need}`
}
