import { type Kysely, sql } from 'kysely'

/** Every decision asks what became of the record's owner writes; without this it read the whole table each time. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index intent_owner_record on intent (connection_id, object_type, record_id, workflow, id)
    where kind = 'owner'`.execute(db)
}
