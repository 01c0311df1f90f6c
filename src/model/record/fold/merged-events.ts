import type { ChangeEvent } from '../change-event.ts'

/**
 * The event of a record that a merge swallowed names the surviving record under this key of `fields`. No CRM has a
 * field name with `@`.
 */
export const MERGED_INTO = '@merged-into'

/**
 * The events of the records that a merge swallowed: one for each, to be folded into its own record. They are
 * derived and need no row of their own; folding one twice changes nothing.
 */
export function mergedEventForLosers(event: ChangeEvent): ChangeEvent[] {
  if (event.kind !== 'merged') return []
  return (event.mergedIds ?? [])
    .filter((loser) => loser !== event.recordId)
    .map((loser) => ({
      ...event,
      dedupeKey: `${event.dedupeKey}/merged/${loser}`,
      recordId: loser,
      mergedIds: [],
      fields: { [MERGED_INTO]: event.recordId },
      complete: false,
    }))
}
