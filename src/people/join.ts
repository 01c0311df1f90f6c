import type { DatabaseTransaction } from '../store/database/database.ts'
import { confirmIdentity, type IdentityKey, personOfIdentity } from '../store/people/identities.ts'
import {
  formerPersonOf,
  invitedAs,
  joinStateOf,
  noteEmail,
  personsToPropose,
  proposeIdentity,
} from '../store/people/joins.ts'
import { refreshLaneHolders } from '../store/people/lane-holders.ts'
import { actorOf, type PersonId } from '../store/people/persons.ts'
import type { Session } from '../store/people/sessions.ts'
import { noteSignIn } from './sign-in.ts'

/** Somebody whom a provider or a mailbox has just vouched for. */
export type Outside = IdentityKey & { readonly email: string | null; readonly emailVerified: boolean }

/** Why nobody was signed in. Each has its sentence on the sign-in page. */
export type SignInRefusal =
  | 'unknown'
  | 'proposed'
  | 'conflict'
  | 'refused-before'
  | 'not-verified'
  | 'ended'
  | 'somebody-elses'
  | 'not-from-here'

export type Found =
  | { readonly is: 'known'; readonly personId: PersonId }
  | { readonly is: 'refused'; readonly why: SignInRefusal }

/**
 * Who signed in. An identity that nobody has confirmed signs in as nobody: its e-mail names a person at most, and a second
 * proof makes it theirs. Such a proof is an open invitation to exactly this address.
 */
export async function personFor(trx: DatabaseTransaction, outside: Outside): Promise<Found> {
  const known = await personOfIdentity(trx, outside)
  if (known !== null) {
    // What an address is called today moves nothing.
    if (outside.kind === 'oidc' && (await noteEmail(trx, outside, outside.email))) {
      await noteSignIn(trx, { kind: 'identity-renamed', personId: known, body: { way: outside.kind } })
    }
    return { is: 'known', personId: known }
  }
  const former = await formerPersonOf(trx, outside)
  if (former !== null) return refused(trx, [former], outside, 'ended')
  if (outside.email === null || !outside.emailVerified) {
    return { is: 'refused', why: outside.email === null ? 'unknown' : 'not-verified' }
  }
  const invited = outside.kind === 'oidc' ? await invitedAs(trx, outside.email) : null
  if (invited !== null) {
    const why = 'Invited under exactly this address'
    if (await confirmIdentity(trx, invited.personId, outside, { email: outside.email, by: invited.by, why })) {
      const body = { way: outside.kind, because: 'invited', invitedBy: invited.by }
      await noteSignIn(trx, { kind: 'join-confirmed', personId: invited.personId, body })
      await refreshLaneHolders(trx, null)
      return { is: 'known', personId: invited.personId }
    }
  }
  return propose(trx, outside, outside.email)
}

async function propose(trx: DatabaseTransaction, outside: Outside, email: string): Promise<Found> {
  const persons = await personsToPropose(trx, email)
  const ids = persons.map(({ id }) => id)
  if (ids.length === 0) return { is: 'refused', why: 'unknown' }
  const states = await Promise.all(ids.map((id) => joinStateOf(trx, id, outside)))
  if (states.includes('refused')) return refused(trx, ids, outside, 'refused-before')
  const isOne = ids.length === 1
  const why = isOne ? 'Has the same e-mail address' : `${ids.length} people have this e-mail address`
  for (const personId of ids) {
    const state = isOne ? 'proposed' : 'conflict'
    if (await proposeIdentity(trx, personId, outside, { email, state, why })) {
      const kind = isOne ? 'join-proposed' : 'join-conflict'
      await noteSignIn(trx, { kind, personId, actor: 'lanekeeper', body: { way: outside.kind, because: 'same-email' } })
    }
  }
  return refused(trx, ids, outside, isOne ? 'proposed' : 'conflict')
}

async function refused(
  trx: DatabaseTransaction,
  personIds: readonly PersonId[],
  outside: IdentityKey,
  why: SignInRefusal,
): Promise<Found> {
  for (const personId of personIds) {
    const body = { way: outside.kind, because: why }
    await noteSignIn(trx, { kind: 'sign-in-refused', personId, actor: 'lanekeeper', body })
  }
  return { is: 'refused', why }
}

/**
 * Somebody who is signed in adds a way to sign in. A sign-in that proves who they are confirms it; one by a link does not,
 * because whoever made the link may have used it: it takes another person, or the address under which they are known.
 */
export async function addWay(trx: DatabaseTransaction, session: Session, outside: Outside): Promise<Found> {
  const { personId, method, linkMadeBy } = session
  // The cast of a sandbox carries nothing over, and a page that can only pause does only that.
  if (method === 'sandbox' || session.onlyPauses) return { is: 'refused', why: 'not-from-here' }
  const owner = (await personOfIdentity(trx, outside)) ?? (await formerPersonOf(trx, outside))
  if (owner !== null && owner !== personId) {
    await noteSignIn(trx, { kind: 'join-conflict', personId, body: { way: outside.kind, because: 'somebody-elses' } })
    return { is: 'refused', why: 'somebody-elses' }
  }
  if (owner === personId) return { is: 'known', personId }
  const isSure = method !== 'link' || (await isOwnAddress(trx, personId, outside))
  if (isSure) {
    const why = 'Added by the person, who was signed in'
    const by = actorOf(personId)
    if (!(await confirmIdentity(trx, personId, outside, { email: outside.email, by, why }))) {
      return { is: 'refused', why: 'somebody-elses' }
    }
    await noteSignIn(trx, {
      kind: 'join-confirmed',
      personId,
      body: { way: outside.kind, because: 'signed-in', method },
    })
    // Some jobs may be held by whoever can sign in.
    await refreshLaneHolders(trx, null)
    return { is: 'known', personId }
  }
  const why = 'Added in a session that a link began: the person who made the link may have opened it'
  await proposeIdentity(trx, personId, outside, { email: outside.email, state: 'proposed', why, linkMadeBy })
  await noteSignIn(trx, { kind: 'join-proposed', personId, body: { way: outside.kind, because: 'weak-sign-in' } })
  return { is: 'refused', why: 'proposed' }
}

/** The provider has checked that they read mail at an address that is confirmed as theirs. */
async function isOwnAddress(trx: DatabaseTransaction, personId: PersonId, outside: Outside): Promise<boolean> {
  if (outside.email === null || !outside.emailVerified) return false
  const owner = await personOfIdentity(trx, { kind: 'mail', issuer: '', subject: outside.email })
  return owner === personId
}
