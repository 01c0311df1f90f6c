import { sql } from 'kysely'

/** Of `intent i`: it writes a list again, and that can wait. Nothing else waits for it, and nobody is woken for it. */
export const RESTS = sql<boolean>`(i.kind = 'task' and i.state = 'pending' and exists (
  select 1 from task k where k.id = i.task_id and k.rests_until > clock_timestamp()))`
