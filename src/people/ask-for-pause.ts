import type { Actor } from '../model/authority/acts.ts'
import { addBusinessMinutes } from '../model/calendar/business-time.ts'
import { databaseNowMs } from '../store/database/clock.ts'
import type { Database } from '../store/database/database.ts'
import { unhindered } from '../store/database/unhindered.ts'
import { versionInForce } from '../store/decisions/policies.ts'
import {
  declineRequest,
  insertPauseRequest,
  openPauseRequest,
  overduePauseRequests,
} from '../store/writes/pause-requests.ts'
import { isPaused } from '../store/writes/paused-scope.ts'
import { lockScope, type PauseScope } from '../store/writes/pauses.ts'
import { inScope, note, pauseInTransaction, subjectOf } from './pause.ts'
import { ledgerActor } from './permitted.ts'

/** Unanswered for so long, in the working hours of the workflow, a request is a pause. */
const ANSWERED_WITHIN_MINUTES = 60

export type Asked = {
  /** Null: it is paused already. */
  readonly requestId: number | null
  readonly dueAt: Date | null
}

/**
 * Somebody who is named in a workflow, or one of its programs, asks those who may pause it. Throws `RefusedError`, and
 * `NotThereError` for a scope that there is not.
 */
export async function askForPause(db: Database, actor: Actor, scope: PauseScope, reason: string): Promise<Asked> {
  const subject = await subjectOf(db, scope)
  return inScope(db, { actor, act: 'ask-for-pause', subject, scope }, async (trx) => {
    if (await isPaused(trx, scope)) return { requestId: null, dueAt: null }
    const dueAtMs = await dueAt(trx, subject.workflows ?? [])
    const askedBy = ledgerActor(actor)
    const { id, isNew } = await insertPauseRequest(trx, scope, { reason, askedBy, dueAtMs })
    if (isNew) {
      const body = { request: id, reason, dueAt: new Date(dueAtMs).toISOString() }
      await note(trx, { kind: 'pause-asked', actor: askedBy, scope, body })
    }
    return { requestId: id, dueAt: (await openPauseRequest(trx, id))!.dueAt }
  })
}

/** Whoever may pause says no: everything goes on. It takes what resuming takes. False: it has an answer already. */
export async function declinePause(db: Database, actor: Actor, requestId: number, reason: string): Promise<boolean> {
  const request = await openPauseRequest(db, requestId)
  if (request === null) return false
  const { scope } = request
  const subject = await subjectOf(db, scope)
  return inScope(db, { actor, act: 'resume', subject, scope }, async (trx) => {
    const by = ledgerActor(actor)
    const isDeclined = await declineRequest(trx, requestId, { by, reason })
    if (isDeclined) await note(trx, { kind: 'pause-declined', actor: by, scope, body: { request: requestId, reason } })
    return isDeclined
  })
}

/** More wait for the next turn of the clock. */
const AT_ONCE = 20

/** Pauses what nobody answered in time. Runs on a clock in every worker; twice changes nothing. Returns how many those are. */
export async function pauseWhatNobodyAnswered(db: Database): Promise<number> {
  let paused = 0
  for (const { id, scope } of await overduePauseRequests(db, AT_ONCE)) {
    paused += await unhindered(db, async (trx) => {
      await lockScope(trx, scope)
      const request = await openPauseRequest(trx, id)
      if (request === null) return 0
      // Where the branch is gone or the connection ended, the request ends with a pause of nothing.
      const { reason, askedBy } = request
      await pauseInTransaction(trx, scope, { reason, by: 'lanekeeper', askedBy })
      return 1
    })
  }
  return paused
}

/** By the calendar of the workflow; of a connection by the one of whose hours the soonest ends. */
async function dueAt(db: Parameters<typeof versionInForce>[0], workflows: readonly string[]): Promise<number> {
  const nowMs = await databaseNowMs(db)
  const ends: number[] = []
  for (const workflow of workflows) {
    const stored = await versionInForce(db, workflow)
    if (stored === null) continue
    ends.push(addBusinessMinutes(stored.version.policy.calendar, null, nowMs, ANSWERED_WITHIN_MINUTES))
  }
  return ends.length === 0 ? nowMs + ANSWERED_WITHIN_MINUTES * 60_000 : Math.min(...ends)
}
