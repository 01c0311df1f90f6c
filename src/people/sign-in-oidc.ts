import type { Database } from '../store/database/database.ts'
import { inTransaction } from '../store/database/transaction.ts'
import type { PersonId } from '../store/people/persons.ts'
import type { Session, SessionMade } from '../store/people/sessions.ts'
import { type AttemptRefusal, saveOidcAttempt, takeOidcAttempt } from '../store/people/sign-in-attempts.ts'
import { addWay, personFor, type SignInRefusal } from './join.ts'
import { noteSignIn, signIn } from './sign-in.ts'
import { type Claims, type Provider, ProviderError, type ProviderProblem } from './sign-in-provider.ts'
import { randomSecret } from './sign-in-secret.ts'

/** Where to send the browser that has this cookie. Throws ProviderError. */
export async function beginOidc(
  { db, provider }: { readonly db: Database; readonly provider: Provider },
  of: {
    readonly cookie: string
    readonly redirectUri: string
    readonly returnTo: string | null
    readonly forPerson: PersonId | null
    /** Somebody who is signed in proves once more who they are. */
    readonly again: boolean
  },
): Promise<string> {
  const asked = { state: randomSecret(), nonce: randomSecret(), verifier: randomSecret() }
  const url = await provider.begin({ ...asked, redirectUri: of.redirectUri, again: of.again })
  const { cookie, returnTo, forPerson } = of
  await saveOidcAttempt(db, { ...asked, cookie, returnTo, forPerson })
  return url
}

export type OidcRefusal = AttemptRefusal | ProviderProblem | SignInRefusal | 'signed-out'

export type OidcAnswer =
  | { readonly is: 'signed-in'; readonly made: SessionMade; readonly returnTo: string | null }
  | { readonly is: 'added'; readonly returnTo: string | null }
  | { readonly is: 'refused'; readonly why: OidcRefusal; readonly cause?: unknown }

/** Takes what the provider sent the browser back with. Anything but a clean answer changes nothing. */
export async function finishOidc(
  { db, provider }: { readonly db: Database; readonly provider: Provider },
  of: {
    readonly callback: URL
    readonly cookie: string | null
    /** Whoever is signed in in this browser now. */
    readonly session: Session | null
    readonly browser: string
  },
): Promise<OidcAnswer> {
  const state = of.callback.searchParams.get('state')
  if (state === null) return { is: 'refused', why: 'not-ours' }
  const attempt = await takeOidcAttempt(db, { state, cookie: of.cookie })
  if (typeof attempt === 'string') return { is: 'refused', why: attempt }
  const { nonce, verifier, returnTo, forPerson } = attempt
  const { session } = of
  if (forPerson !== null && session?.personId !== forPerson) return { is: 'refused', why: 'signed-out' }
  let claims: Claims
  try {
    claims = await provider.finish({ callback: of.callback, state, nonce, verifier })
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    if (forPerson !== null) await noteRefusal(db, forPerson, error.problem)
    return { is: 'refused', why: error.problem, cause: error }
  }
  const outside = { kind: 'oidc', ...claims } as const
  return inTransaction(db, async (trx) => {
    if (forPerson !== null && session !== null) {
      const added = await addWay(trx, session, outside)
      return added.is === 'refused' ? added : { is: 'added', returnTo }
    }
    const found = await personFor(trx, outside)
    if (found.is === 'refused') return found
    const made = await signIn(trx, { personId: found.personId, method: 'oidc', browser: of.browser })
    return { is: 'signed-in', made, returnTo }
  })
}

async function noteRefusal(db: Database, personId: PersonId, because: string): Promise<void> {
  await inTransaction(db, (trx) =>
    noteSignIn(trx, { kind: 'sign-in-refused', personId, actor: 'lanekeeper', body: { way: 'oidc', because } }),
  )
}
