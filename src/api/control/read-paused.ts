import { sql } from 'kysely'
import type { Database } from '../../store/database/database.ts'
import { namesOf } from '../../store/people/persons.ts'
import { openPauseRequests } from '../../store/writes/pause-requests.ts'
import { openPauses, type PauseScope, stillPaused } from '../../store/writes/pauses.ts'

export type PausedNow = {
  readonly scope: PauseScope
  /** What is paused, by title. */
  readonly title: string
  /** A name, or "Lanekeeper". */
  readonly by: string
  /** Workflows whose owner changes wait for its end. */
  readonly workflows: readonly string[]
}

/** What is paused and what is asked to be, as other pages than Control tell it in a line. */
export async function readPaused(
  db: Database,
): Promise<{ readonly paused: readonly PausedNow[]; readonly asked: readonly string[] }> {
  const [pauses, requests] = await Promise.all([openPauses(db), openPauseRequests(db)])
  if (pauses.length + requests.length === 0) return { paused: [], asked: [] }
  const [{ rows }, names] = await Promise.all([
    sql<{ key: string; title: string }>`
      select 'workflow/' || workflow as key, title from workflow
      union all select 'connection/' || id, title from connection`.execute(db),
    namesOf(
      db,
      pauses.flatMap(({ by }) => (by.startsWith('person:') ? [by.slice('person:'.length)] : [])),
    ),
  ])
  const titles = new Map(rows.map(({ key, title }) => [key, title]))
  const paused: PausedNow[] = []
  for (const { id, scope, by } of pauses) {
    paused.push({
      scope,
      title: titleOf(titles, scope),
      by: names.get(by.slice('person:'.length)) ?? 'Lanekeeper',
      workflows: scope.kind === 'connection' ? await stillPaused(db, id) : [scope.workflow],
    })
  }
  return { paused, asked: requests.map(({ scope }) => titleOf(titles, scope)) }
}

function titleOf(titles: ReadonlyMap<string, string>, scope: PauseScope): string {
  if (scope.kind === 'connection') return titles.get(`connection/${scope.connectionId}`) ?? scope.connectionId
  const title = titles.get(`workflow/${scope.workflow}`) ?? scope.workflow
  return scope.kind === 'branch' ? `${title}, branch ${scope.branch}` : title
}
