import type { Kysely } from 'kysely'
import { NotThereError } from '../connections/errors.ts'
import { changeWriting } from '../connections/lifecycle/write-permission.ts'
import type { Actor, Subject } from '../model/authority/acts.ts'
import { approvalsMissing } from '../model/authority/approvals.ts'
import { TERMINAL } from '../model/authority/lane-people.ts'
import { findConnection } from '../store/connections/connections.ts'
import { databaseNowMs } from '../store/database/clock.ts'
import type { Database } from '../store/database/database.ts'
import type { Tables } from '../store/database/tables.ts'
import { inTransaction } from '../store/database/transaction.ts'
import { noteInLedger } from '../store/ledger/note-in-ledger.ts'
import { lanesHeld } from '../store/people/lane-holders.ts'
import {
  consentsToWriting,
  dropConsents,
  giveConsent,
  lockConsents,
  workflowsToWrite,
} from '../store/people/writing-consents.ts'
import { ledgerActor, refuse, verdictOn } from './permitted.ts'

export type WritingStands = {
  readonly isOn: boolean
  /** Who has said yes so far, as the ledger calls them. */
  readonly given: readonly string[]
  /** Whose yes would bring it closer, by id of the person. */
  readonly waitsFor: readonly string[]
  /** Workflows that would write and that nobody owns yet: an admin decides for them. */
  readonly unowned: readonly string[]
}

/**
 * A yes to writing: it is on once an admin and the owner of each workflow that would write have said so, in any order. A
 * workflow that nobody has accepted yet has nobody to ask. Throws `RefusedError` where the yes of this person is not wanted.
 */
export async function sayYesToWriting(db: Database, actor: Actor, connectionId: string): Promise<WritingStands> {
  const outcome = await inTransaction(db, async (trx) => {
    await lockConsents(trx, connectionId)
    await requireConnection(trx, connectionId)
    const subject = await writingSubject(trx, connectionId)
    const verdict = await verdictOn(trx, actor, 'allow-writing', subject)
    if (!verdict.allowed) return { verdict, subject }
    const by = ledgerActor(actor)
    await giveConsent(trx, connectionId, by)
    const stands = await writingStands(trx, connectionId)
    if (stands.isOn) {
      await changeWriting(trx, connectionId, { allowed: true, by, nowMs: await databaseNowMs(trx) })
      await dropConsents(trx, connectionId)
    } else await noteInLedger(trx, [{ kind: 'writing-consented', actor: by, subject: connectionId, body: {} }])
    return stands
  })
  return 'isOn' in outcome ? outcome : refuse(db, actor, 'allow-writing', outcome.subject, outcome.verdict)
}

/** Nothing more is written there from the commit on. Whatever yes was given before is void. */
export async function stopWriting(db: Database, actor: Actor, connectionId: string): Promise<void> {
  const refused = await inTransaction(db, async (trx) => {
    await lockConsents(trx, connectionId)
    await requireConnection(trx, connectionId)
    const subject = await writingSubject(trx, connectionId)
    const verdict = await verdictOn(trx, actor, 'stop-writing', subject)
    if (!verdict.allowed) return { verdict, subject }
    await dropConsents(trx, connectionId)
    await changeWriting(trx, connectionId, { allowed: false, by: ledgerActor(actor), nowMs: await databaseNowMs(trx) })
    return null
  })
  if (refused !== null) await refuse(db, actor, 'stop-writing', refused.subject, refused.verdict)
}

async function requireConnection(db: Kysely<Tables>, connectionId: string): Promise<void> {
  const connection = await findConnection(db, connectionId)
  if (!connection || connection.status === 'disconnected') {
    throw new NotThereError(`There is no connection "${connectionId}".`)
  }
}

/** How far the yeses are. `isOn`: nothing is missing any more. */
export async function writingStands(db: Kysely<Tables>, connectionId: string): Promise<WritingStands> {
  const subject = await writingSubject(db, connectionId)
  const lanes = await lanesHeld(db, subject.workflows)
  const nowMs = await databaseNowMs(db)
  const { count, whoMay } = approvalsMissing('allow-writing', subject, { lanes, nowMs })
  return {
    isOn: count === 0,
    given: subject.approvedBy.map((id) => (id === TERMINAL.personId ? id : `person:${id}`)),
    waitsFor: whoMay,
    unowned: subject.workflows.filter(
      (one) => !lanes.some((held) => held.workflow === one && held.lane === 'workflow'),
    ),
  }
}

async function writingSubject(
  db: Kysely<Tables>,
  connectionId: string,
): Promise<Subject & { readonly workflows: readonly string[]; readonly approvedBy: readonly string[] }> {
  const given = await consentsToWriting(db, connectionId)
  return {
    workflows: await workflowsToWrite(db, connectionId),
    about: connectionId,
    approvedBy: given.map((by) => by.replace(/^person:/, '')),
  }
}
