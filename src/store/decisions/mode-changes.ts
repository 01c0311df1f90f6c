import { type Kysely, sql } from 'kysely'
import { canonicalJson } from '../../model/policy/canonical.ts'
import type { ModeSet } from '../../model/policy/mode-set.ts'
import type { Tables } from '../database/tables.ts'

export type ModeOrigin = 'before-publishing' | 'first-version' | 'person'

export type ModeChange = ModeSet & {
  readonly id: number
  readonly workflow: string
  readonly isRaise: boolean
  readonly origin: ModeOrigin
  readonly why: string
  /** `person:ID`, or `lanekeeper`. */
  readonly by: string
  readonly at: Date
}

const COLUMNS = sql`m.id, m.workflow, m.mode, m.pilot, m.is_raise as "isRaise", m.origin, m.why, m.changed_by as by,
  m.changed_at as at`

/** The newest first. */
export async function modeChanges(db: Kysely<Tables>, workflow: string, limit: number): Promise<ModeChange[]> {
  const { rows } = await sql<ModeChange>`
    select ${COLUMNS} from mode_change m where m.workflow = ${workflow} order by m.id desc limit ${limit}`.execute(db)
  return rows
}

export async function insertModeChange(
  trx: Kysely<Tables>,
  { workflow, mode, pilot, isRaise, origin, why, by }: Omit<ModeChange, 'id' | 'at'>,
): Promise<ModeChange> {
  const { rows } = await sql<ModeChange>`
    insert into mode_change as m (workflow, mode, pilot, is_raise, origin, why, changed_by)
    values (${workflow}, ${mode}, ${pilot === null ? null : canonicalJson(pilot)}::jsonb, ${isRaise}, ${origin}, ${why}, ${by})
    returning ${COLUMNS}`.execute(trx)
  return rows[0]!
}

/**
 * What a workflow that is put in force may do: as people set it; the first time as its version says, or as far as
 * `atFirst` lets it.
 */
export async function modeAtPublish(
  trx: Kysely<Tables>,
  workflow: string,
  { mode, pilot }: ModeSet,
  atFirst: 'as-written' | 'observe',
): Promise<ModeSet> {
  const [set] = await modeChanges(trx, workflow, 1)
  if (set !== undefined) return set
  const first = atFirst === 'observe' && mode !== 'draft' ? 'observe' : mode
  const by = 'lanekeeper'
  return insertModeChange(trx, { workflow, mode: first, pilot, isRaise: false, origin: 'first-version', why: '', by })
}

/** How far it went in a sandbox is nobody's word elsewhere: a later version of the same name begins by observing. */
export async function endModes(trx: Kysely<Tables>, workflows: readonly string[]): Promise<void> {
  for (const workflow of workflows) {
    const change = { workflow, mode: 'observe', pilot: null, isRaise: false, origin: 'first-version' } as const
    await insertModeChange(trx, { ...change, why: 'The sandbox ended.', by: 'lanekeeper' })
  }
}

/** The version in force counts as another one for records that have not changed since this raise. */
export async function countAsVersion(trx: Kysely<Tables>, workflow: string, raiseId: number): Promise<void> {
  await sql`
    with made as (
      insert into workflow_version (workflow, hash, reading_version, raise_id)
      select v.workflow, v.hash, v.reading_version, ${raiseId} from workflow w
      join workflow_version v on v.id = w.version_id where w.workflow = ${workflow} returning id
    )
    update workflow w set version_id = made.id from made where w.workflow = ${workflow}`.execute(trx)
}

/** What the permits go by; the caller holds them. What was decided before a lower mode, slice or cap does not leave. */
export async function setModeAsked(
  trx: Kysely<Tables>,
  workflow: string,
  { mode, isRaise }: Pick<ModeChange, 'mode' | 'isRaise'>,
): Promise<void> {
  await sql`
    update workflow set mode = ${mode}, updated_at = now(), version_turn = version_turn + ${isRaise ? 0 : 1}
    where workflow = ${workflow}`.execute(trx)
}
