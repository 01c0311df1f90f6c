import type { ProposedCast } from '../../model/authority/smallest-cast.ts'
import { appointers } from '../../model/jobs/appointers.ts'
import { jobTitle } from '../../model/jobs/job-texts.ts'
import { proposeCast } from '../../people/propose-cast.ts'
import type { Database } from '../../store/database/database.ts'
import { lanesHeld } from '../../store/people/lane-holders.ts'
import type { PersonId } from '../../store/people/persons.ts'
import type { Cast, CastReply } from './cast-types.ts'

type Of = { readonly workflow: string; readonly you: PersonId; readonly nowMs: number }

/** Whom to ask for the vacant jobs of a workflow, by person, and which of them `you` may ask. */
export async function readCast(db: Database, of: Of): Promise<CastReply> {
  const [{ pilot, live }, lanes] = await Promise.all([proposeCast(db, of.workflow), lanesHeld(db, [of.workflow])])
  const isAdmin = lanes.some(({ lane, personId }) => lane === 'admin' && personId === of.you)
  const mayName = (lane: Parameters<typeof appointers>[1]['lane']) =>
    appointers(lanes, { ...of, lane }).includes(of.you)
  const castOf = (cast: ProposedCast | null): Cast | null =>
    cast && {
      people: cast.people,
      seats: [...Map.groupBy(cast.jobs, ({ candidate }) => candidate).entries()].map(([candidate, jobs]) => ({
        candidateId: candidate.id,
        name: candidate.name,
        isHere: candidate.isKnown,
        jobs: jobs.map(({ lane, circle, minutesPerWeek }) => ({
          lane,
          circle,
          title: jobTitle({ lane, circle, deputy: false }),
          minutesAWeek: minutesPerWeek,
          canAsk: mayName(lane) && (candidate.isKnown || isAdmin),
        })),
      })),
    }
  return { pilot: castOf(pilot), live: castOf(live) }
}
