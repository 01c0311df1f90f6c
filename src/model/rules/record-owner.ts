import type { CrmRecord } from '../record/crm-record.ts'
import type { CrmUser, Directory } from '../record/crm-user.ts'
import { knownValue, missingField } from '../record/field-value.ts'
import { Unknown } from '../record/knowledge.ts'

/** `integration`: a program signs in with that user, so nobody works the record. `unknown`: no list has held this id and the CRM has not answered for it yet, or nobody knows who works the queue. */
export type OwnerState =
  | 'active'
  | 'inactive'
  | 'deleted'
  | 'queue'
  | 'empty-queue'
  | 'integration'
  | 'none'
  | 'unknown'

export type RecordOwner = {
  readonly state: Exclude<OwnerState, 'unknown'>
  /** Undefined: there is no owner, or the CRM no longer has the user. */
  readonly user: CrmUser | undefined
}

/** Who owns the record as far as we know; unknown where the field, or the user whom it names, was not read. */
export function ownerOfRecord(record: CrmRecord, field: string, directory: Directory): RecordOwner | Unknown {
  const ownerId = knownValue(record, field)
  if (ownerId instanceof Unknown) return ownerId
  if (ownerId === null) return { state: 'none', user: undefined }
  const user = directory.user(record.connectionId, ownerId)
  const state = stateOf(user, directory.isGone(record.connectionId, ownerId))
  return state === 'unknown' ? new Unknown([missingField(record, field, 'not-read', 'the owner')]) : { state, user }
}

function stateOf(owner: CrmUser | undefined, isGone: boolean): Exclude<OwnerState, 'none'> {
  if (owner === undefined) return isGone ? 'deleted' : 'unknown'
  // The last list left them out, and the CRM has not answered for them yet.
  if (owner.standing !== undefined) return 'unknown'
  if (owner.kind === 'queue') {
    if (owner.activeMembers === null) return 'unknown'
    return owner.activeMembers > 0 ? 'queue' : 'empty-queue'
  }
  if (!owner.active) return 'inactive'
  return owner.integration === true ? 'integration' : 'active'
}
