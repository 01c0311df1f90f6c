import type { Actor } from '../../model/authority/acts.ts'
import { inScope } from '../../people/pause.ts'
import { ledgerActor } from '../../people/permitted.ts'
import type { Database, DatabaseTransaction } from '../../store/database/database.ts'
import { type BacklogPreview, previewBacklog } from '../../store/decisions/backlog-view.ts'
import { noteInLedger } from '../../store/ledger/note-in-ledger.ts'
import { insertApplication, type NewApplication, stopApplication } from '../../store/writes/backlog-applications.ts'

/** What somebody saw and asks for. */
export type Applying = Pick<NewApplication, 'workflow' | 'versionId' | 'upTo' | 'cap' | 'perHour'>

export type Applied = { readonly applicationId: number; readonly cap: number }

/**
 * A person applies the version in force to what they saw waiting for it: so many records in all and so many an hour. The
 * ledger says who. A string says why not. Throws `RefusedError` where they may not. What it lets go are rows, worked off by
 * decisions as there is room.
 */
export async function applyToBacklog(
  db: Database,
  actor: Actor,
  applying: Applying,
): Promise<Applied | 'out-of-date' | 'running' | 'nothing-waits'> {
  const { workflow } = applying
  // Before the permits are taken: adding up a large backlog would hold up whatever passes the gate.
  const preview = await previewBacklog(db, workflow)
  return inScope(
    db,
    { actor, act: 'apply-to-backlog', subject: { workflow }, scope: { kind: 'workflow', workflow } },
    (trx) => startApplication(trx, preview, { ...applying, by: ledgerActor(actor) }),
  )
}

/** For whoever asked before, or is nobody: the demo. */
export async function startApplication(
  trx: DatabaseTransaction,
  preview: BacklogPreview | null,
  { by, ...applying }: Applying & { readonly by: string },
): Promise<Applied | 'out-of-date' | 'running' | 'nothing-waits'> {
  if (preview === null) return 'nothing-waits'
  if (preview.versionId !== applying.versionId) return 'out-of-date'
  const { waiting, oldest, moves, otherMoves, branches } = preview
  const cap = Math.min(applying.cap, waiting)
  const seen = { waiting, oldest: oldest.toISOString(), moves, otherMoves, branches }
  const applicationId = await insertApplication(trx, { ...applying, cap, seen, by })
  if (typeof applicationId === 'string') return applicationId
  const { workflow, versionId, perHour } = applying
  const body = { application: applicationId, versionId, waiting, cap, perHour }
  await noteInLedger(trx, [{ kind: 'backlog-application-started', actor: by, subject: workflow, body }])
  return { applicationId, cap }
}

export type Stopped = {
  /** Writes that had not left and wait again. */
  readonly takenBack: number
  /** Writes that had passed the gate and have no answer yet. */
  readonly underWay: number
}

/**
 * Stops it at once: when this returns, nothing more of it leaves on any worker. One person may, as they may pause. Null:
 * nothing runs. Throws `RefusedError`.
 */
export async function stopApplying(db: Database, actor: Actor, workflow: string): Promise<Stopped | null> {
  return inScope(
    db,
    { actor, act: 'stop-backlog', subject: { workflow }, scope: { kind: 'workflow', workflow } },
    async (trx) => {
      const by = ledgerActor(actor)
      const stopped = await stopApplication(trx, { workflow, by })
      if (stopped === null) return null
      const { id, takenBack, underWay } = stopped
      const body = { application: id, takenBack, underWay }
      await noteInLedger(trx, [{ kind: 'backlog-application-stopped', actor: by, subject: workflow, body }])
      return { takenBack, underWay }
    },
  )
}
