import { nobodyKnown } from '../../config/company/nobody-known.ts'
import type { DepartureOutcome } from '../../model/surface/departure.ts'
import { departureSections, placeLine, whoLeaves } from '../../model/surface/departure-sections.ts'
import { readDeparture } from '../../pipeline/decide/read-departure.ts'
import type { Database } from '../../store/database/database.ts'
import { ProblemError } from '../server/problem.ts'
import type { DepartureReply } from './departure-types.ts'

/** Two seconds of deciding on a small machine; a page waits no longer. The terminal decides all. */
const RECORDS_MAX = 2_000

export async function readDepartureReply(db: Database, email: string, nowMs: number): Promise<DepartureReply> {
  const list = await readDeparture(db, { email, nowMs, recordsMax: RECORDS_MAX })
  if ('knownEmails' in list) throw new ProblemError('not-found', 404, nobodyKnown(email, list.knownEmails))
  return {
    emails: [...list.emails],
    who: whoLeaves(list),
    sections: departureSections(list).map(({ title, lines }) => ({ title, lines: [...lines] })),
    records: list.records.map(({ outcomes, ...owned }) => ({
      ...owned,
      outcomes: outcomes.map(({ outcome, records }) => ({ records, ...flat(outcome) })),
    })),
    places: list.places.map((place) => ({ kind: place.kind, line: placeLine(place) })),
    tasks: [...list.tasks],
  }
}

function flat(outcome: DepartureOutcome) {
  return { rule: null, branch: null, to: null, why: null, ...outcome }
}
