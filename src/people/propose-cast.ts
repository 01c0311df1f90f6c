import { type ProposedCast, smallestCast } from '../model/authority/smallest-cast.ts'
import type { Database } from '../store/database/database.ts'
import { casesPerWeek, castCandidates } from '../store/people/cast-candidates.ts'

/** Whom to ask for which job, from the active users of the CRMs: for a pilot, and for live. Null: there are too few. */
export async function proposeCast(
  db: Database,
  workflow: string,
): Promise<{ readonly pilot: ProposedCast | null; readonly live: ProposedCast | null }> {
  const candidates = await castCandidates(db, workflow)
  const week = await casesPerWeek(db, workflow)
  return { pilot: smallestCast('pilot', candidates, week), live: smallestCast('live', candidates, week) }
}
