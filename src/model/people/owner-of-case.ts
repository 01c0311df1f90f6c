import type { Absence, BusinessCalendar } from '../calendar/business-calendar.ts'
import type { ExceptionClass } from '../classes/class.ts'
import { CIRCLE } from '../classes/posture.ts'
import type { PolicyOwners } from '../policy/policy.ts'
import type { ConnectionId } from '../record/change-event.ts'
import type { CrmUser, Directory } from '../record/crm-user.ts'
import { absenceAt } from './absence.ts'
import { hasAccepted } from './has-accepted.ts'
import { holderIn } from './job-holder.ts'
import { severalInWords } from './several-users.ts'

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
  readonly calendar: BusinessCalendar
  readonly nowMs: number
}

/**
 * Who gets the case: the first of the class's circle who is active there, accepted the job, is in the office, is not
 * judging their own record and has room; for somebody away their delegate, when the circle has them too. A case is never
 * without a name: with everyone full the first who could is asked anyway, then one whom the CRM's last list left out, and
 * with nobody there the other jobs of the workflow stand in, and last whoever is away.
 */
export function ownerOfCase(question: OwnerQuestion): OwnerOfCase {
  const { owners, connectionId, directory, capacity, recordOwner } = question
  const circle = owners.reviewers[CIRCLE[question.class]]
  const owns = (email: string) => recordOwner !== null && directory.emailsOf(email).includes(recordOwner)
  const away = awayOf(circle, question)
  const chain = away.size === 0 ? circle : inTheOfficeFirst(circle, away, directory)
  const passedOver: { email: string; why: string }[] = []
  const able: { email: string; user: CrmUser; isOwn: boolean }[] = []
  const absent: { email: string; user: CrmUser }[] = []
  const unlisted: { email: string; user: CrmUser }[] = []

  for (const email of chain) {
    const user = holderIn(owners, directory, connectionId, email)
    if (user === undefined) {
      passedOver.push({ email, why: whyNoUser(directory, connectionId, email) })
    } else if (!hasAccepted(owners, email, directory)) {
      passedOver.push({ email, why: 'has not accepted the job' })
    } else if (away.has(email)) {
      passedOver.push({ email, why: `is away until ${away.get(email)?.until}` })
      absent.push({ email, user })
    } else if (user.standing !== undefined && !owns(email)) {
      // Probably a short list: the one in doubt comes before the other jobs, and after those who are surely there.
      passedOver.push({ email, why: 'was not listed by the CRM at the last look, and is being checked' })
      unlisted.push({ email, user })
    } else if (owns(email)) {
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
  const [inDoubt] = unlisted
  if (inDoubt !== undefined) return { ...inDoubt, passedOver }
  for (const email of [owners.workflow, owners.override, owners.boundary, owners.rollback, owners.data]) {
    if (email === null || owns(email)) continue
    const user = holderIn(owners, directory, connectionId, email)
    if (user !== undefined) return { email, user, passedOver }
    if (!passedOver.some((passed) => passed.email === email)) {
      passedOver.push({ email, why: whyNoUser(directory, connectionId, email) })
    }
  }
  const own = able[0] ?? absent[0]
  if (own !== undefined) return { email: own.email, user: own.user, passedOver }
  // Nobody at all: the case names the one whom it would reach as soon as they are back, if there is one.
  return { email: owners.workflow ?? chain[0] ?? '', user: undefined, passedOver }
}

const NOBODY: ReadonlyMap<string, Absence> = new Map()

function awayOf(
  circle: readonly string[],
  { owners, calendar, connectionId, directory, nowMs }: OwnerQuestion,
): ReadonlyMap<string, Absence> {
  if (calendar.away === undefined || calendar.away.length === 0) return NOBODY
  return new Map(
    circle.flatMap((email) => {
      const zone = holderIn(owners, directory, connectionId, email)?.timeZone ?? null
      const absence = absenceAt(calendar, directory.emailsOf(email), zone, nowMs)
      return absence === null ? [] : [[email, absence] as const]
    }),
  )
}

/**
 * The delegate of somebody away comes in their place. Only within the circle: who may judge such a case was agreed with the
 * policy, and an absence does not widen it.
 */
function inTheOfficeFirst(
  circle: readonly string[],
  away: ReadonlyMap<string, { delegate: string | null }>,
  directory: Directory,
): string[] {
  const chain: string[] = []
  for (const email of circle) {
    const delegate = away.get(email)?.delegate ?? null
    const ofDelegate = delegate === null ? [] : directory.emailsOf(delegate)
    const standIn = circle.find((other) => ofDelegate.includes(other))
    for (const next of standIn === undefined ? [email] : [email, standIn]) {
      const theirs = directory.emailsOf(next)
      if (!chain.some((asked) => theirs.includes(asked))) chain.push(next)
    }
  }
  return chain
}

function whyNoUser(directory: Directory, connectionId: ConnectionId, email: string): string {
  const several = directory.peopleByEmail(connectionId, email)
  if (several.length > 1) return `has the e-mail of several users of this CRM, ${severalInWords(several)}`
  return directory.isFrozen(connectionId, email)
    ? 'cannot log in to this CRM (frozen)'
    : 'is not an active user of this CRM'
}
