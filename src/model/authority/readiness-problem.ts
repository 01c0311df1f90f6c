import type { Job } from '../policy/policy.ts'
import type { ConnectionId, Crm } from '../record/change-event.ts'

export type ReadinessProblem = {
  /**
   * vacant: nobody does the job. left: somebody of several reviewers left, so their cases move to the others. in-doubt: the
   * CRM did not list somebody and is asked. fragile: too much rests on one person.
   */
  readonly kind: 'vacant' | 'left' | 'in-doubt' | 'fragile'
  readonly job: Job
  /** Null: nobody was named at all. */
  readonly email: string | null
  readonly problem: string
  /** What to do about it. */
  readonly step: string
  /** M21: what usually breaks without it. Null: nothing does. */
  readonly without: string | null
  /** Null: it is so wherever the workflow runs. */
  readonly connectionId: ConnectionId | null
  readonly sinceMs: number
  /** From when nothing automated is written because of it. Null: it goes on. */
  readonly writesEndAtMs: number | null
}

/** A connection that the workflow may run in. */
export type StaffedConnection = {
  readonly id: ConnectionId
  readonly crm: Crm
  readonly title: string
  /** False: who works there was not read yet, so nobody is missing there. */
  readonly arePeopleRead: boolean
}

/** What was found when it was last asked. */
export type ReadinessHistory = {
  readonly nowMs: number
  /** Null: it was never asked before, so no job has been filled yet. As stored, also by code of before. */
  readonly before: readonly Partial<ReadinessProblem>[] | null
}
