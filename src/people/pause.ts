import { NotThereError } from '../connections/errors.ts'
import type { Act, Actor, Subject } from '../model/authority/acts.ts'
import type { Database, DatabaseTransaction } from '../store/database/database.ts'
import { unhindered } from '../store/database/unhindered.ts'
import { noteInLedger } from '../store/ledger/note-in-ledger.ts'
import { answerByPause } from '../store/writes/pause-requests.ts'
import { workflowsIn } from '../store/writes/paused-scope.ts'
import {
  endPause,
  findPause,
  insertPause,
  lockScope,
  type PauseScope,
  scopeColumns,
  stillPaused,
} from '../store/writes/pauses.ts'
import { ledgerActor, requireMay, verdictOn } from './permitted.ts'

export type Paused = {
  readonly pauseId: number
  /** False: it was paused before. */
  readonly isNew: boolean
  /** Writes that had passed the gate before and have no answer yet. */
  readonly grants: number
}

/**
 * Takes back, at once and on every worker, what may be written automatically in this scope. It asks no CRM and no queue, so it
 * works while they are down. Throws `RefusedError`, and `NotThereError` for a scope that there is not.
 */
export async function pause(db: Database, actor: Actor, scope: PauseScope, reason: string): Promise<Paused> {
  const subject = await subjectOf(db, scope)
  return inScope(db, { actor, act: 'pause', subject, scope }, (trx) =>
    pauseInTransaction(trx, scope, { reason, by: ledgerActor(actor), askedBy: null }),
  )
}

/** For whoever holds the permits of the scope and has asked who may. Answers those who asked for the pause. */
export async function pauseInTransaction(
  trx: DatabaseTransaction,
  scope: PauseScope,
  of: { readonly reason: string; readonly by: string; readonly askedBy: string | null },
): Promise<Paused> {
  const { id, isNew, grants } = await insertPause(trx, scope, of)
  await answerByPause(trx, scope, of.by)
  const { reason, askedBy } = of
  if (isNew) await note(trx, { kind: 'paused', actor: of.by, scope, body: { pause: id, reason, askedBy, grants } })
  return { pauseId: id, isNew, grants }
}

export type Resumed = {
  /** Workflows for which it ended. Of a connection these are the actor's. */
  readonly workflows: readonly string[]
  /** Workflows for which it goes on, because the actor may not resume them. */
  readonly stillPaused: readonly string[]
}

/**
 * Ends a pause. A pause of a connection ends for the workflows that the actor may resume: nobody starts another's workflow
 * again. What waited was decided all along; each record is read again before it is written. Null: it had ended before.
 */
export async function resume(db: Database, actor: Actor, pauseId: number): Promise<Resumed | null> {
  const found = await findPause(db, pauseId)
  if (found === null) throw new NotThereError(`There is no pause ${pauseId}.`)
  if (found.endedAt !== null) return null
  const { scope } = found
  const workflows = scope.kind === 'connection' ? await stillPaused(db, pauseId) : [scope.workflow]
  const theirs: string[] = []
  for (const workflow of workflows) {
    if ((await verdictOn(db, actor, 'resume', { workflow })).allowed) theirs.push(workflow)
  }
  // Where none is theirs, the refusal names who may resume the first.
  const asked = theirs.length > 0 ? theirs : workflows.slice(0, 1)
  const subject = { workflows: asked, about: scopeText(scope) }
  return inScope(db, { actor, act: 'resume', subject, scope }, async (trx) => {
    const by = ledgerActor(actor)
    if ((await endPause(trx, found, { by, workflows: asked })) === null) return null
    const rest = scope.kind === 'connection' ? await stillPaused(trx, pauseId) : []
    await note(trx, {
      kind: 'resumed',
      actor: by,
      scope,
      body: { pause: pauseId, workflows: asked, stillPaused: rest },
    })
    return { workflows: asked, stillPaused: rest }
  })
}

/** What permission is asked about. Throws `NotThereError`. */
export async function subjectOf(db: Database, scope: PauseScope): Promise<Subject> {
  const workflows = await workflowsIn(db, scope)
  if (workflows === null) throw new NotThereError(`There is no ${scope.kind} "${scopeText(scope)}" to pause.`)
  return { workflows, about: scopeText(scope) }
}

export type InScope = {
  readonly actor: Actor
  readonly act: Act
  readonly subject: Subject
  readonly scope: PauseScope
}

/** Does the work in one transaction for whoever may: asked before, and again when nobody's job can change any more. */
export async function inScope<T>(
  db: Database,
  { actor, act, subject, scope }: InScope,
  work: (trx: DatabaseTransaction) => Promise<T>,
): Promise<T> {
  for (;;) {
    await requireMay(db, actor, act, subject)
    const done = await unhindered(db, async (trx) => {
      await lockScope(trx, scope)
      // Where the job has gone meanwhile, the next round refuses and notes it.
      const { allowed } = await verdictOn(trx, actor, act, subject)
      return allowed ? { value: await work(trx) } : null
    })
    if (done !== null) return done.value
  }
}

/** How the ledger names a scope: `lead-routing`, `lead-routing/germany`, or the id of a connection. */
export function scopeText(scope: PauseScope): string {
  const { workflow, branch, connection_id: connectionId } = scopeColumns(scope)
  return connectionId ?? (branch === null ? workflow! : `${workflow}/${branch}`)
}

export async function note(
  trx: DatabaseTransaction,
  entry: {
    readonly kind: string
    readonly actor: string
    readonly scope: PauseScope
    readonly body: Readonly<Record<string, unknown>>
  },
): Promise<void> {
  const { kind, actor, scope, body } = entry
  await noteInLedger(trx, [{ kind, actor, subject: scopeText(scope), body: { scope: scope.kind, ...body } }])
}
