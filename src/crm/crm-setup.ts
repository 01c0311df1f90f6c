import type { AccessCheck, AccessFindings, TaskKeySupport } from '../model/record/crm-facts.ts'

/** What is asked of a CRM around connecting and checking; the everyday verbs are in `crm-client.ts`. */
export type CrmSetup = {
  /**
   * Tries by a real call, one by one, everything that we need, and writes nothing. `onCheck` is told of each answer as it
   * comes. A missing permission is an answer; only a CRM that cannot be asked at all throws (`CrmBusyError`,
   * `CrmReconnectError`, `CrmUnknownError`).
   */
  checkAccess(needs: AccessNeeds, onCheck?: (check: AccessCheck) => void): Promise<AccessFindings>
  /** Whether the CRM can refuse a second task with our key, as things are. Writes nothing. */
  probeTaskKey(): Promise<TaskKeySupport>
  /** Makes the key where our permissions allow it, and probes again. Says in `why` what an admin has to do otherwise. */
  createTaskKey(): Promise<TaskKeySupport>
  /** How many live records of an object the CRM itself counts. Null: it does not say. */
  count(objectType: string): Promise<number | null>
  /** Gives the grant back. A CRM that no longer knows the grant is content. What cannot be revoked by us is said. */
  revoke(): Promise<{ readonly revoked: boolean; readonly message: string }>
}

export type AccessNeeds = {
  readonly objects: readonly {
    readonly objectType: string
    readonly fields: readonly string[]
    /** Owner field that a workflow may write, null: only read. */
    readonly ownerField: string | null
  }[]
}
