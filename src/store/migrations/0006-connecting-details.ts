import { type Kysely, sql } from 'kysely'

/**
 * A draft renews its tokens as a connection does; a day of calls ends at a known time; and what the CRM allows in a
 * window is kept whole, so that our share of it can be changed.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}

const STATEMENTS = [
  `alter table connection_draft
     add column token_version integer not null default 0,
     add column renewing_by text,
     add column renewing_until timestamptz`,
  `alter table call_budget
     -- the first call finds the day over and begins one
     add column day_ends_at timestamptz not null default now(),
     -- our calls in the 24 hours before day_began_at; for a CRM that counts a rolling day
     add column day_used_before integer not null default 0,
     -- what the CRM allows in window_ms, of which window_limit is our share; null before it was noted
     add column window_whole real`,
]
