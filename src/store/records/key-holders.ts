import { type RawBuilder, sql } from 'kysely'

/**
 * The rows of `match_key` of one key that decisions see: of a connection whose import is not done, or that was ended, no
 * record is anybody's neighbour. At most `limit` for each connection are looked at, however many others hold the key.
 */
export function holdersOf(
  key: RawBuilder<unknown>,
  limit: RawBuilder<unknown>,
  isWanted: RawBuilder<unknown> = sql`true`,
): RawBuilder<unknown> {
  return sql`
    select held.* from (select id from connection where joined_at is not null and ${isWanted}) seen
    cross join lateral (
      select * from match_key where key = ${key} and connection_id = seen.id limit ${limit}
    ) held
    limit ${limit}`
}
