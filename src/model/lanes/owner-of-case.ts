import type { ExceptionClass } from '../classes/class.ts'
import { CIRCLE } from '../classes/posture.ts'
import type { PolicyOwners } from '../policy/policy.ts'
import type { ConnectionId } from '../record/change-event.ts'
import type { CrmUser, Directory } from './person.ts'

export type OwnerOfCase = {
  readonly email: string
  /** Undefined: nobody whom the policy names is active there; readiness has said so already. */
  readonly user: CrmUser | undefined
  readonly passedOver: readonly { readonly email: string; readonly why: string }[]
}

export type OwnerQuestion = {
  readonly owners: PolicyOwners
  readonly class: ExceptionClass
  readonly connectionId: ConnectionId
  readonly directory: Directory
  readonly capacity: number
  /** E-mail of the person who owns the record, whose own change the case may be about. */
  readonly recordOwner: string | null
}

/**
 * Who gets the case: the first of the class's circle who is active there, accepted the job, is not judging their own
 * record and has room. A case is never without a name: with everyone full the first who could is asked anyway, and
 * with nobody there the other jobs of the workflow stand in.
 */
export function ownerOfCase(question: OwnerQuestion): OwnerOfCase {
  const { owners, connectionId, directory, capacity, recordOwner } = question
  const chain = owners.reviewers[CIRCLE[question.class]]
  const passedOver: { email: string; why: string }[] = []
  const able: { email: string; user: CrmUser; isOwn: boolean }[] = []

  for (const email of chain) {
    const user = directory.personByEmail(connectionId, email)
    if (user === undefined) {
      passedOver.push({ email, why: 'is not an active user of this CRM' })
    } else if (owners.accepted[email] === undefined) {
      passedOver.push({ email, why: 'has not accepted the job' })
    } else if (email === recordOwner) {
      // M20: the record does not say whose change it was, so its owner judges it only when nobody else can.
      passedOver.push({ email, why: 'owns the record, and nobody reviews their own change' })
      able.push({ email, user, isOwn: true })
    } else if (directory.openTasks(email) >= capacity) {
      passedOver.push({ email, why: `has ${directory.openTasks(email)} open tasks, the most is ${capacity}` })
      able.push({ email, user, isOwn: false })
    } else {
      return { email, user, passedOver }
    }
  }

  const full = able.find(({ isOwn }) => !isOwn)
  if (full !== undefined) {
    const note = { email: full.email, why: 'was asked all the same, because everyone in the circle is full' }
    return { email: full.email, user: full.user, passedOver: [...passedOver, note] }
  }
  for (const email of [owners.workflow, owners.override, owners.boundary, owners.rollback, owners.data]) {
    if (email === recordOwner) continue
    const user = directory.personByEmail(connectionId, email)
    if (user !== undefined) return { email, user, passedOver }
    if (!passedOver.some((passed) => passed.email === email)) {
      passedOver.push({ email, why: 'is not an active user of this CRM' })
    }
  }
  const own = able[0]
  if (own !== undefined) return { email: own.email, user: own.user, passedOver }
  return { email: owners.workflow, user: undefined, passedOver }
}
