import { NotThereError } from '../connections/errors.ts'
import type { Act, Actor } from '../model/authority/acts.ts'
import { blocksWidening } from '../model/authority/readiness.ts'
import type { ReadinessProblem } from '../model/authority/readiness-problem.ts'
import { type ModeSet, reachOf } from '../model/policy/mode-set.ts'
import type { Mode } from '../model/policy/policy.ts'
import type { Database, DatabaseTransaction } from '../store/database/database.ts'
import { stageLock } from '../store/database/locks.ts'
import { unhindered } from '../store/database/unhindered.ts'
import {
  countAsVersion,
  insertModeChange,
  type ModeChange,
  modeChanges,
  setModeAsked,
} from '../store/decisions/mode-changes.ts'
import { rowsInForce } from '../store/decisions/policies.ts'
import { runningVersions } from '../store/decisions/running-versions.ts'
import { lockPermits } from '../store/decisions/workflow-connections.ts'
import { noteInLedger } from '../store/ledger/note-in-ledger.ts'
import { ledgerActor, requireMay, verdictOn } from './permitted.ts'
import { READINESS_LOCK, redecideAll, refreshReadinessIn, watchingConnections } from './refresh-readiness.ts'

export type ChangingMode = {
  readonly workflow: string
  readonly mode: Mode
  /** Null: as it was set before. */
  readonly dailyCap: number | null
  readonly why: string
  /** The newest change that the person saw. */
  readonly seenId: number
}

/** The workflow's people do not let it go further, or it has no pilot to go to. */
export class ModeRefusedError extends Error {
  override readonly name = 'ModeRefusedError'
}

class OutOfDateError extends Error {
  override readonly name = 'OutOfDateError'
}

/**
 * Sets how far a workflow may go. More is the workflow owner's, while no job is vacant and readiness lets it run so far; less
 * is one of three owners', at once. Null: somebody else changed it meanwhile. Throws `RefusedError`, `NotThereError` and
 * `ModeRefusedError`. Records that have not changed since a raise wait for being applied to, as they do for a new version.
 */
export async function changeMode(db: Database, actor: Actor, changing: ChangingMode): Promise<ModeChange | null> {
  const { workflow, seenId } = changing
  for (;;) {
    const [before] = await modeChanges(db, workflow, 1)
    if (before === undefined) {
      await requireMay(db, actor, 'raise', { workflow })
      throw new NotThereError(`There is no workflow "${workflow}". Reload the page.`)
    }
    const to = setOf(before, changing)
    const reach = reachOf(before, to)
    const act: Act = reach === 'lower' ? 'lower' : 'raise'
    await requireMay(db, actor, act, { workflow })
    if (before.id !== seenId) return null
    if (reach === 'same') return before
    try {
      // A stopped process does not stand in the way of less.
      const done = await unhindered(db, async (trx) => {
        // As whatever changes a job: first, before any permit.
        await stageLock(trx, READINESS_LOCK)
        await lockPermits(trx, { connections: null, workflows: [workflow] })
        const { allowed } = await verdictOn(trx, actor, act, { workflow })
        return allowed
          ? change(trx, before, { ...changing, to, isRaise: act === 'raise', by: ledgerActor(actor) })
          : null
      })
      // Where the job has gone meanwhile, the next round refuses and notes it.
      if (done !== null) return done
    } catch (error) {
      if (error instanceof OutOfDateError) return null
      throw error
    }
  }
}

function setOf(before: ModeSet, { mode, dailyCap }: ChangingMode): ModeSet {
  const { pilot } = before
  const limits = pilot ?? (mode === 'pilot' ? { when: [], dailyCap: dailyCap ?? 0 } : null)
  // Below a pilot its cap counts for nothing, so whoever only lowers does not set a higher one for later.
  const kept =
    dailyCap !== null && mode !== 'pilot' && mode !== 'live'
      ? Math.min(dailyCap, pilot?.dailyCap ?? dailyCap)
      : dailyCap
  const to = { mode, pilot: limits === null || kept === null ? limits : { ...limits, dailyCap: kept } }
  if (mode === 'pilot' && !(to.pilot!.dailyCap > 0)) {
    throw new ModeRefusedError('A pilot needs a limit: say how many owners it may change a day.')
  }
  return to
}

type Changing = ChangingMode & { readonly to: ModeSet; readonly isRaise: boolean; readonly by: string }

async function change(
  trx: DatabaseTransaction,
  before: ModeChange,
  { workflow, to, isRaise, why, by }: Changing,
): Promise<ModeChange> {
  const [now] = await modeChanges(trx, workflow, 1)
  if (now?.id !== before.id) throw new OutOfDateError()
  const row = (await rowsInForce(trx)).find(({ document }) => document.workflow === workflow)
  if (row === undefined) throw new NotThereError(`No version of "${workflow}" is in force.`)
  if (isRaise && blocksWidening(row.problems as readonly Pick<ReadinessProblem, 'kind'>[])) {
    throw new ModeRefusedError('A job in this workflow is vacant. Fill it first: until then it can only be lowered.')
  }
  const made = await insertModeChange(trx, { workflow, ...to, isRaise, origin: 'person', why, by })
  await setModeAsked(trx, workflow, made)
  if (isRaise) await countAsVersion(trx, workflow, made.id)
  await refreshReadinessIn(trx, workflow)
  const reached = (await runningVersions(trx)).get(workflow)?.effectiveMode
  if (isRaise && before.mode !== to.mode && reached !== to.mode) {
    throw new ModeRefusedError(
      `Its people do not let it go further than ${reached} now. The workflow page says what is missing.`,
    )
  }
  await redecideAll(trx, row.document, await watchingConnections(trx))
  const was = { mode: before.mode, dailyCap: before.pilot?.dailyCap ?? null }
  const body = { mode: to.mode, dailyCap: to.pilot?.dailyCap ?? null, was, why, change: made.id }
  await noteInLedger(trx, [{ kind: isRaise ? 'mode-raised' : 'mode-lowered', actor: by, subject: workflow, body }])
  return made
}
