import { ACT_WORDS } from './act-words.ts'
import type { Act, Actor, Circumstances, LaneHeld, RefusalCode, Subject, TokenScope, Verdict } from './acts.ts'
import { approvalsMissing } from './approvals.ts'
import { lanesNow, peopleOf, TERMINAL } from './lane-people.ts'
import { isTogether, requirementOf, type TogetherAct, workflowsOf } from './requirement.ts'
import { signInRefusal } from './sign-in-refusal.ts'

const ALLOWED: Verdict = { allowed: true }

/**
 * Whether somebody may do this now, and if not, why and who may. The one place that says so: asked on every path, and
 * again in the transaction that changes something. It knows nobody's name; the caller puts names to the ids.
 */
export function mayAct(actor: Actor, act: Act, subject: Subject, now: Circumstances): Verdict {
  const refuse = (code: RefusalCode, because: string, wants?: Refused['wants']): Verdict => ({
    allowed: false,
    code,
    because,
    whoMay: whoMay(act, subject, now).filter((id) => actor.kind !== 'person' || id !== actor.personId),
    ...(wants === undefined ? {} : { wants }),
  })
  if (actor.kind !== 'person')
    return machineMay(actor, act, subject, now) ? ALLOWED : refuse('machine', machineSays(actor))
  if (!actor.isActive) return refuse(INACTIVE.code, INACTIVE.because)
  const lane = laneRefusal(actor.personId, act, subject, now)
  if (lane !== null) return refuse(lane.code, lane.because)
  const signIn = signInRefusal(actor, act, subject, now)
  return signIn === null ? ALLOWED : refuse(signIn.code, signIn.because, signIn.wants)
}

/** Everybody whose job lets them, by id, the first to ask first. How they sign in is not known here. */
export function whoMay(act: Act, subject: Subject, now: Pick<Circumstances, 'lanes' | 'nowMs'>): string[] {
  if (isTogether(act)) return [...approvalsMissing(act, subject, now).whoMay]
  return onePerson(act, subject, lanesNow(now.lanes, now.nowMs)).filter((id) => ownRefusal(id, act, subject) === null)
}

type Refused = Extract<Verdict, { readonly allowed: false }>
type Reason = Pick<Refused, 'code' | 'because' | 'wants'>

function laneRefusal(
  personId: string,
  act: Act,
  subject: Subject,
  now: Pick<Circumstances, 'lanes' | 'nowMs'>,
): Reason | null {
  const requirement = requirementOf(act, subject)
  if (requirement.kind === 'anybody') return null
  if (requirement.kind === 'nobody') return requirement
  if (isTogether(act)) return approvalRefusal(personId, act, subject, now)
  const people = onePerson(act, subject, lanesNow(now.lanes, now.nowMs))
  if (people.includes(personId)) return ownRefusal(personId, act, subject)
  return notNamed(act, people.length === 0)
}

/** Acts of one person: whoever has a place in each choice. */
function onePerson(act: Act, subject: Subject, lanes: readonly LaneHeld[]): string[] {
  const requirement = requirementOf(act, subject)
  if (requirement.kind === 'self') {
    const self = requirement.personId === null ? [] : [requirement.personId]
    return [...new Set([...self, ...peopleOf(requirement.or, lanes)])]
  }
  if (requirement.kind !== 'one-person' || requirement.each.length === 0) return []
  const [first, ...others] = requirement.each.map((choice) => peopleOf(choice, lanes))
  return first!.filter((id) => others.every((people) => people.includes(id)))
}

/** What refuses a person whatever jobs they hold. Null: it is up to the jobs. */
export function refusalBesidesLanes(
  actor: Extract<Actor, { readonly kind: 'person' }>,
  act: Act,
  subject: Subject,
  now: Pick<Circumstances, 'nowMs' | 'hasSignInProvider'>,
): Reason | null {
  if (!actor.isActive) return INACTIVE
  const requirement = requirementOf(act, subject)
  if (requirement.kind === 'nobody') return requirement
  return ownRefusal(actor.personId, act, subject) ?? signInRefusal(actor, act, subject, now)
}

const INACTIVE: Reason = {
  code: 'inactive',
  because: 'This person no longer works here, so the sign-in is worth nothing.',
}

/** Cases store whom they exclude; nobody gives themself a job in a workflow that is live. */
function ownRefusal(personId: string, act: Act, subject: Subject): Reason | null {
  if (JUDGES_A_CASE.has(act) && subject.excluded?.includes(personId)) {
    const because =
      'You are left out of this case: you made or proposed the change, or the record would stay with you or come to you.'
    return { code: 'excluded', because }
  }
  if (act === 'appoint' && subject.isLive === true && subject.personId === personId) {
    const because = 'In a live workflow you cannot name yourself. Name another person, or ask one to name you.'
    return { code: 'self-appointment', because }
  }
  return null
}

const JUDGES_A_CASE: ReadonlySet<Act> = new Set<Act>([
  'answer',
  'block',
  'send-back',
  'snooze',
  'hand-over',
  'override',
  'open-door',
  'complete-door',
  'act-by-hand',
])

function approvalRefusal(
  personId: string,
  act: TogetherAct,
  subject: Subject,
  now: Pick<Circumstances, 'lanes' | 'nowMs'>,
): Reason | null {
  const missing = approvalsMissing(act, subject, now)
  if (missing.whoMay.includes(personId)) return null
  if (subject.approvedBy?.includes(personId)) {
    return { code: 'approved-before', because: 'You approved this before. The next approval is another person’s.' }
  }
  if (missing.count === 0) return { code: 'no-more-needed', because: 'All approvals are here. Nothing is missing.' }
  if (missing.count === Number.POSITIVE_INFINITY) return notNamed(act, true)
  if ((act === 'approve-publish' || act === 'mark') && subject.authors?.includes(personId)) {
    return {
      code: 'author',
      because: `You changed this yourself. Only ${ACT_WORDS[act].who} can ${ACT_WORDS[act].does}.`,
    }
  }
  return notNamed(act, false)
}

function notNamed(act: Act, isVacant: boolean): Reason {
  const { does, who } = ACT_WORDS[act]
  const only = `Only ${who} can ${does}.`
  return isVacant
    ? { code: 'vacant', because: `${only} This job is vacant now.` }
    : { code: 'not-named', because: only }
}

/** What the product, the server and programs may on their own. None of them decides, accepts, publishes or resumes. */
function machineMay(
  actor: Exclude<Actor, { kind: 'person' }>,
  act: Act,
  subject: Subject,
  now: Circumstances,
): boolean {
  switch (actor.kind) {
    case 'terminal':
      return laneRefusal(TERMINAL.personId, act, subject, { ...now, lanes: [...now.lanes, TERMINAL] }) === null
    case 'lanekeeper':
      // A trigger, and a request for a pause that waited too long.
      return act === 'pause'
    case 'rule':
      return false
    case 'token': {
      const scope = SCOPE_OF[act]
      if (scope === undefined || !actor.scopes.includes(scope)) return false
      return workflowsOf(subject).every((workflow) => workflow === actor.workflow)
    }
  }
}

const SCOPE_OF: Partial<Readonly<Record<Act, TokenScope>>> = { read: 'read', 'ask-for-pause': 'ask-for-pause' }

function machineSays(actor: Exclude<Actor, { kind: 'person' }>): string {
  switch (actor.kind) {
    case 'terminal':
      return 'The terminal of the server can do what an admin can, and this is not one of those acts.'
    case 'lanekeeper':
      return 'Lanekeeper itself does not do this; a person does.'
    case 'rule':
      return 'A rule writes what its policy says and decides nothing else.'
    case 'token':
      return 'This token does not have the scope for this act or this workflow.'
  }
}
