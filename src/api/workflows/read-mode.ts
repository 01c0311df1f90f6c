import { renderConditions } from '../../model/rules/render.ts'
import type { Database } from '../../store/database/database.ts'
import { modeChanges } from '../../store/decisions/mode-changes.ts'
import { runningVersions } from '../../store/decisions/running-versions.ts'
import { namesOf } from '../../store/people/persons.ts'
import type { ModeReply } from './mode-types.ts'

const SHOWN = 20

/** Null: no such workflow runs. */
export async function readMode(db: Database, workflow: string): Promise<ModeReply | null> {
  const changes = await modeChanges(db, workflow, SHOWN)
  const running = (await runningVersions(db)).get(workflow)
  const [last] = changes
  if (last === undefined || running === undefined || running.version === null) return null
  const ids = changes.map(({ by }) => by.replace('person:', ''))
  const names = await namesOf(db, ids)
  const { mode, pilot } = last
  return {
    mode,
    effectiveMode: running.effectiveMode,
    dailyCap: pilot?.dailyCap ?? null,
    slice: pilot === null ? null : pilot.when.length === 0 ? 'all records in scope' : renderConditions(pilot.when),
    seenId: last.id,
    history: changes.map(({ id, mode: to, pilot: limits, isRaise, origin, why, by, at }) => ({
      id,
      mode: to,
      dailyCap: to === 'pilot' ? (limits?.dailyCap ?? null) : null,
      isRaise,
      origin,
      why,
      by: names.get(by.replace('person:', '')) ?? 'Lanekeeper',
      at: at.toISOString(),
    })),
  }
}
