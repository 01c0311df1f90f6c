import { type Kysely, sql } from 'kysely'

/**
 * Since when, and by whose word, a connection may be written to; null: it is only read. Connections that there are
 * already were made by the environment, which is the word of whoever runs the machine.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table connection add column writes_since timestamptz, add column writes_by text`.execute(db)
  await sql`update connection set writes_since = created_at, writes_by = made_by where made_by = 'environment'`.execute(
    db,
  )
}
