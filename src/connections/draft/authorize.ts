import { createHash, randomBytes } from 'node:crypto'
import type { Authorization, Grant } from '../../crm/grant.ts'
import { adapterOf } from '../../crm/registry.ts'
import type { Crm } from '../../model/record/change-event.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { type DraftView, saveLogin, updateDraft } from '../../store/connections/drafts.ts'
import { redeemState, type StateRefusal, saveState, stateHash } from '../../store/connections/oauth-states.ts'
import { draftTokensOf, verifierOf } from '../../store/secrets/secret-places.ts'
import type { ConnectDeps } from '../context.ts'
import { DraftNotReadyError, StateRefusedError } from '../errors.ts'
import { hostRuleOf } from '../open-connection.ts'
import { problemOf } from '../problem-text.ts'
import { giveLoginBack, unsealDraft } from './draft.ts'

/**
 * Where to send the browser that `sessionHash` belongs to. What comes back is taken once, within ten minutes, from the
 * same session and by the same provider. Throws `DraftNotReadyError` where the CRM would never send a browser
 * back to us.
 */
export async function beginAuthorization(
  deps: ConnectDeps,
  request: { readonly draftId: string; readonly sessionHash: Buffer; readonly redirectUri: string },
): Promise<{ authorizeUrl: string }> {
  const { draftId, sessionHash, redirectUri } = request
  const { draft, grant } = await unsealDraft(deps, draftId)
  const authorization = authorizationFor(deps, draft, grant)
  const refused = adapterOf(draft.crm).redirectProblem(redirectUri)
  if (refused !== null) throw new DraftNotReadyError(refused)
  // 256 bits each, as URL-safe text of 43 characters; RFC 7636 asks for 43 to 128.
  const state = randomBytes(32).toString('base64url')
  const verifier = randomBytes(32).toString('base64url')
  const hash = stateHash(state)
  await saveState(deps.db, {
    hash,
    draftId,
    sessionHash,
    provider: draft.crm,
    redirectUri,
    verifier: deps.box.seal(verifierOf(draftId, hash), verifier),
  })
  const codeChallenge = createHash('sha256').update(verifier).digest('base64url')
  return { authorizeUrl: authorization.url({ redirectUri, state, codeChallenge }) }
}

/**
 * Takes what a CRM sent a browser back with. Throws `StateRefusedError` unless it is the answer that this session waits
 * for. A login that was refused, or a code that the CRM does not take, is the draft's problem and not an error.
 */
export async function finishAuthorization(
  deps: ConnectDeps,
  answer: {
    /** By the redirect address that was called, of which there is one per provider. */
    readonly provider: Crm
    readonly state: string
    readonly sessionHash: Buffer
    readonly code: string | null
    /** The `error` of RFC 6749 4.1.2.1. */
    readonly error: string | null
  },
): Promise<{ draftId: string }> {
  const { provider, sessionHash, code } = answer
  const hash = stateHash(answer.state)
  const state = await redeemState(deps.db, { hash, sessionHash, provider })
  if (typeof state === 'string') throw new StateRefusedError(state, REFUSALS[state](crmProfile(provider).title))
  const { draftId, redirectUri } = state
  if (answer.error !== null || code === null) {
    await updateDraft(deps.db, draftId, {
      status: 'failed',
      problem: refusedLogin(crmProfile(provider).title, answer.error),
    })
    return { draftId }
  }
  const { draft, grant } = await unsealDraft(deps, draftId)
  const codeVerifier = deps.box.open(verifierOf(draftId, hash), state.verifier)
  try {
    const tokens = await authorizationFor(deps, draft, grant).exchange({ code, redirectUri, codeVerifier })
    const sealed = deps.box.seal(draftTokensOf(draftId), JSON.stringify(tokens))
    // Discarded or started meanwhile: nobody keeps these.
    if (!(await saveLogin(deps.db, draftId, sealed))) await giveLoginBack(deps, draft, grant, tokens)
  } catch (error) {
    const problem = problemOf(error, crmProfile(provider).title, [grant, { code, codeVerifier }])
    if (problem === null) throw error
    await updateDraft(deps.db, draftId, { status: 'failed', problem })
  }
  return { draftId }
}

const AGAIN = 'Open the unfinished connection under Connections and log in again from there.'

const REFUSALS: Readonly<Record<StateRefusal, (crm: string) => string>> = {
  unknown: (crm) => `This answer of ${crm} belongs to no login that was begun here. ${AGAIN}`,
  used: (crm) =>
    `This login at ${crm} was already used, or a newer one was begun. If the connection does not go on, ` +
    AGAIN.replace('Open', 'open'),
  stale: (crm) => `The login at ${crm} took longer than ten minutes. ${AGAIN}`,
  'other-session': (crm) =>
    `The login at ${crm} was begun in another browser or session. Finish it there, or begin again in this one.`,
  'other-provider': (crm) =>
    `This answer came to ${crm}'s address, but the login was begun at the other CRM. Nothing was connected. ${AGAIN}`,
}

function refusedLogin(crm: string, error: string | null): string {
  if (error === 'access_denied') return `At ${crm} the access was not granted. Log in again and agree to what is asked.`
  const code = error?.match(/^[a-z_]{1,40}$/)?.[0]
  return `${crm} ended the login${code ? ` with "${code}"` : ' without a code'}. Check the app's redirect address and scopes, then log in again.`
}

function authorizationFor(deps: ConnectDeps, { crm, address }: DraftView, grant: Grant): Authorization {
  const { needsOf, nowMs } = deps
  const request = { grant, address, needs: needsOf(crm), hostRule: hostRuleOf(deps), nowMs }
  const authorization = adapterOf(crm).authorization(request)
  if (authorization !== null) return authorization
  throw new DraftNotReadyError(`A connection of the kind "${grant.kind}" needs no login; let its checks run.`)
}
