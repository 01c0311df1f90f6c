import type { ExceptionClass, ReviewCircle } from '../../model/classes/class.ts'
import { CIRCLE } from '../../model/classes/posture.ts'
import type { Tried } from '../../publishing/try-draft.ts'
import type { TryRun } from '../../publishing/try-runs.ts'
import { listConnections } from '../../store/connections/connections.ts'
import type { Database } from '../../store/database/database.ts'
import { lanesHeld } from '../../store/people/lane-holders.ts'
import { namesOf } from '../../store/people/persons.ts'
import { type CrmLinks, safeUrl } from '../cases/crm-links.ts'
import type { TriedView, TryView } from './try-types.ts'

/** What trying a draft came to, with links into the CRM and with whoever would be asked today. */
export async function readTry(db: Database, run: TryRun, links: CrmLinks): Promise<TryView> {
  const { progress, tookMs, isOutdated, tried, failed } = run
  return {
    state: failed ? 'failed' : tried === null ? 'running' : 'done',
    progress: { ...progress },
    tookMs,
    isOutdated,
    tried: tried === null ? null : await triedView(db, tried, links),
  }
}

async function triedView(db: Database, tried: Tried, links: CrmLinks): Promise<TriedView> {
  const connections = new Map((await listConnections(db)).map((one) => [one.id as string, one]))
  return {
    records: { ...tried.records },
    isEstimate: tried.isEstimate,
    settled: tried.settled,
    notKnown: tried.notKnown,
    patterns: tried.patterns.map(({ pattern, label, cases, byClass, examples }) => ({
      pattern,
      label,
      cases,
      byClass: entries(byClass).map(([of, n]) => ({ class: of, cases: n })),
      examples: examples.map(({ connectionId, objectType, recordId, name, says, class: of }) => {
        const connection = connections.get(connectionId)
        const url = connection === undefined ? null : safeUrl(links.recordUrl(connection, objectType, recordId))
        return { name, class: of, says, url }
      }),
    })),
    tasks: await tasksOf(db, tried),
    notRead: tried.notRead.map(({ fields, ...one }) => ({ ...one, fields: [...fields] })),
    importing: [...tried.importing],
    ended: [...tried.ended],
  }
}

/** By the circle that the class asks; who is in it now. */
async function tasksOf(db: Database, { patterns, workflows }: Tried): Promise<TriedView['tasks']> {
  const cases = new Map<ReviewCircle, number>()
  for (const [of, n] of patterns.flatMap(({ byClass }) => entries(byClass))) {
    cases.set(CIRCLE[of], (cases.get(CIRCLE[of]) ?? 0) + n)
  }
  const held = (await lanesHeld(db, workflows)).filter(({ lane }) => lane === 'review')
  const names = await namesOf(
    db,
    held.map(({ personId }) => personId),
  )
  return (['general', 'senior', 'approved'] as const).flatMap((circle) => {
    const n = cases.get(circle) ?? 0
    if (n === 0) return []
    const people = new Set(held.filter((one) => one.circle === circle).map(({ personId }) => personId))
    return [{ circle, cases: n, names: [...people].map((id) => names.get(id) ?? id) }]
  })
}

function entries(byClass: Readonly<Partial<Record<ExceptionClass, number>>>): [ExceptionClass, number][] {
  return Object.entries(byClass) as [ExceptionClass, number][]
}
