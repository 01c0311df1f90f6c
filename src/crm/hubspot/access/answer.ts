import type { AccessCheck } from '../../../model/record/crm-facts.ts'
import { CrmRefusedError, CrmUnknownError } from '../../crm-client.ts'
import { sentenceOf } from '../http/error-body.ts'
import { HubSpotRefusal, HubSpotScopeMissing } from '../http/errors.ts'
import type { TokenFacts } from '../login/oauth.ts'

export type GrantFacts = {
  /** After a new scope, an admin installs a static app again and connects an OAuth app again. */
  readonly kind: 'hubspot-token' | 'hubspot-oauth'
  /** We have the secret that HubSpot signs webhooks with. */
  readonly hasClientSecret: boolean
  /** OAuth only: what HubSpot knows about the token. */
  readonly introspect: (() => Promise<TokenFacts>) | null
}

/** One line of the checks before it was tried; the answer adds the rest. */
export type Trial = Pick<AccessCheck, 'id' | 'title' | 'need' | 'costs'> & {
  /** The scope that allows it, for a refusal that names none. */
  readonly scope: string | null
  readonly run: () => Promise<void>
}

/** HubSpot answered, and its answer shows that something is missing. */
export class NotThere extends Error {}

/** Runs one trial. Throws what says nothing about this one permission: a rate limit, or an invalid token. */
export async function answered({ scope, run, ...question }: Trial, kind: GrantFacts['kind']): Promise<AccessCheck> {
  try {
    await run()
    return { ...question, state: 'works', grant: null, said: null }
  } catch (error) {
    if (error instanceof HubSpotScopeMissing) {
      const scopes = error.scopes.length > 0 ? error.scopes : scope === null ? [] : [scope]
      return { ...question, state: 'missing', grant: howToGrant(scopes, kind), said: error.said || null }
    }
    if (error instanceof CrmRefusedError) {
      const said = error instanceof HubSpotRefusal ? sentenceOf(error.body) : ''
      return {
        ...question,
        state: 'missing',
        grant: howToGrant(scope === null ? [] : [scope], kind),
        said: said || null,
      }
    }
    if (error instanceof NotThere) {
      const grant = `${error.message}. Add it in HubSpot under Settings, Properties, or use another one in the policy.`
      return { ...question, state: 'missing', grant, said: null }
    }
    if (error instanceof CrmUnknownError) {
      return {
        ...question,
        state: 'unknown',
        grant: 'HubSpot gave no usable answer. Check again in a moment.',
        said: null,
      }
    }
    throw error
  }
}

function howToGrant(scopes: readonly string[], kind: GrantFacts['kind']): string {
  const named = scopes.length === 0 ? 'the scopes that HubSpot names' : scopes.join(', ')
  const after =
    kind === 'hubspot-token'
      ? 'install the app again in this account: a token keeps the scopes that it was created with'
      : 'connect this account again: a grant keeps its scopes'
  return `Add ${named} to the scopes of the HubSpot app, upload it, and ${after}.`
}

/** Throws when the grant is known to lack a scope. */
export function covers(facts: TokenFacts, required: readonly string[]): void {
  if (!facts.active) throw new CrmUnknownError('HubSpot says that the token is not active')
  // HubSpot may list no scopes at all. Then the calls below show what is missing.
  const lacking = facts.scopes.length === 0 ? [] : required.filter((scope) => !facts.scopes.includes(scope))
  if (lacking.length > 0) throw new HubSpotScopeMissing('The grant lacks scopes', '', lacking, '')
}
