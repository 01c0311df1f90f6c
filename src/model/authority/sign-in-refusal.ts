import type { Act, Actor, Circumstances, SignInStrength, Subject, Verdict } from './acts.ts'

type Person = Extract<Actor, { readonly kind: 'person' }>
type Reason = Pick<Extract<Verdict, { readonly allowed: false }>, 'code' | 'because' | 'wants'>

/** A strong act asks for a sign-in within this, where people sign in through an issuer that can be asked again at once. */
export const RECENT_SIGN_IN_MS = 15 * 60_000

/** What somebody's sign-in is not good for, although their job would let them. Null: it is good for this. */
export function signInRefusal(
  actor: Person,
  act: Act,
  subject: Subject,
  { nowMs, hasSignInProvider }: Pick<Circumstances, 'nowMs' | 'hasSignInProvider'>,
): Reason | null {
  if (!isStrongEnough(actor.strength, act, subject)) return tooWeak(actor.strength)
  const isOld = nowMs - actor.signedInAtMs > RECENT_SIGN_IN_MS
  if (STRONG.has(act) && actor.strength !== 'sandbox' && hasSignInProvider && isOld) {
    const because = 'This needs a sign-in within the last 15 minutes. Sign in again, then repeat it.'
    return { code: 'old-sign-in', because, wants: 'recent-sign-in' }
  }
  return ASKS_THE_CRM.has(act) ? crmRefusal(actor.isActiveInCrm) : null
}

/** Resume, undo, approve, mark, override: an act by hand writes as an override does, a way back publishes. */
const STRONG: ReadonlySet<Act> = new Set<Act>([
  'resume',
  'undo',
  'approve-publish',
  'narrow',
  'mark',
  'override',
  'act-by-hand',
])

/** Before these the actor's user is read from the CRM: what we know of users is a sync interval old. */
export const ASKS_THE_CRM: ReadonlySet<Act> = new Set<Act>(['resume', 'undo', 'approve-publish', 'narrow'])

const REVIEWS: ReadonlySet<Act> = new Set<Act>(['answer', 'block', 'send-back', 'snooze', 'hand-over'])

/** Stopping never asks how somebody signed in. */
const STOPS: ReadonlySet<Act> = new Set<Act>(['pause', 'ask-for-pause', 'stop-writing', 'lower', 'stop-backlog'])

/**
 * What an admin does: the holder of the server can do it anyway, so a link that was made there is good for it. Appointing is
 * among it, because nothing is appointed before the other person has accepted, which such a link is not good for.
 */
const OF_THE_SERVER: ReadonlySet<Act> = new Set<Act>([
  'appoint',
  'edit-draft',
  'set-absence',
  'connect',
  'change-keys',
  'erase',
  'replay-quarantine',
  'invite',
  'confirm-join',
  'make-link',
  'make-token',
  'scan',
  'allow-writing',
  'disconnect',
])

function isStrongEnough(strength: SignInStrength, act: Act, subject: Subject): boolean {
  if (strength === 'strong' || strength === 'sandbox') return true
  if (strength === 'only-pauses') return act === 'pause' || act === 'ask-for-pause'
  if (act === 'read' || STOPS.has(act)) return true
  if (REVIEWS.has(act) && (subject.class === 'expected' || subject.class === 'risky')) return true
  return strength === 'server' && OF_THE_SERVER.has(act)
}

function tooWeak(strength: SignInStrength): Reason {
  const wants = 'strong-sign-in'
  if (strength === 'only-pauses') {
    const because = 'This session stays open for weeks, so it can only pause. Sign in for everything else.'
    return { code: 'only-pauses', because, wants }
  }
  const because =
    'You signed in with a link that somebody else made, which is not enough for this. Sign in with your own account or a mailed code.'
  return { code: 'weak-sign-in', because, wants }
}

function crmRefusal(isActiveInCrm: Person['isActiveInCrm']): Reason | null {
  if (isActiveInCrm === true || isActiveInCrm === 'no-user') return null
  if (isActiveInCrm === false) {
    const because = 'The CRM says that your user is no longer active, so this is not yours to do any more.'
    return { code: 'inactive-in-crm', because, wants: 'crm-user' }
  }
  const because = 'The CRM was not asked whether your user is still active. Repeat it when the CRM answers.'
  return { code: 'crm-not-asked', because, wants: 'crm-user' }
}
