import { sql } from 'kysely'
import type { Database } from '../../src/store/database/database.ts'

/** Another connection, which is in everything else as the one that is there. */
export async function copyConnection(db: Database, id: string): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select column_name as name from information_schema.columns
    where table_schema = current_schema() and table_name = 'connection' and is_generated = 'NEVER'`.execute(db)
  const columns = sql.join(rows.map(({ name }) => sql.ref(name)))
  const other = JSON.stringify({ id, account_id: `account of ${id}` })
  await sql`
    insert into connection (${columns})
    select ${columns} from (select (jsonb_populate_record(c, ${other}::jsonb)).* from connection c) as copy`.execute(db)
}
