import type { AccessCheck } from '../../../model/record/crm-facts.ts'
import { CrmRefusedError, CrmUnknownError } from '../../crm-client.ts'
import { HubSpotRefusal, HubSpotScopeMissing, sentenceOf } from '../http/errors.ts'
import type { TokenFacts } from '../login/oauth.ts'

export type GrantFacts = {
  /** Where a scope is granted: a static app is installed again, an OAuth app connected again. */
  readonly kind: 'hubspot-token' | 'hubspot-oauth'
  /** Somebody can sign webhooks for us. */
  readonly hasClientSecret: boolean
  /** OAuth only: what HubSpot knows of the token. */
  readonly introspect: (() => Promise<TokenFacts>) | null
}

/** What is being tried; the answer adds the rest. */
export type Question = Pick<AccessCheck, 'id' | 'title' | 'need' | 'costs'> & {
  /** The scope that lets it, for a refusal that names none. */
  readonly scope: string | null
}

/** Refused by what HubSpot told, not by an answer of its own. */
export class NotThere extends Error {}

/** What an attempt tells, as a check. Throws what says nothing about this one permission: busy, or no valid token. */
export async function answered(
  { scope, ...question }: Question,
  kind: GrantFacts['kind'],
  run: () => Promise<void>,
): Promise<AccessCheck> {
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
      const grant = `${error.message}. Add it in HubSpot under Settings, Properties, or name another one in the policy.`
      return { ...question, state: 'missing', grant, said: null }
    }
    if (error instanceof CrmUnknownError) {
      return {
        ...question,
        state: 'unknown',
        grant: 'HubSpot gave no usable answer; check again in a moment.',
        said: null,
      }
    }
    throw error
  }
}

function howToGrant(scopes: readonly string[], kind: GrantFacts['kind']): string {
  const named = scopes.length === 0 ? 'what HubSpot names' : scopes.join(', ')
  const after =
    kind === 'hubspot-token'
      ? 'install the app again in this account, since a token keeps the scopes that it was made with'
      : 'connect this account again, since a grant keeps the scopes that it was given with'
  return `Add ${named} to the scopes of the HubSpot app, upload it, and ${after}.`
}

/** Throws when the grant is known to lack a scope. */
export function covers(facts: TokenFacts, required: readonly string[]): void {
  if (!facts.active) throw new CrmUnknownError('HubSpot does not call the token active')
  // A grant that lists nothing says nothing; the calls will tell.
  const lacking = facts.scopes.length === 0 ? [] : required.filter((scope) => !facts.scopes.includes(scope))
  if (lacking.length > 0) throw new HubSpotScopeMissing('The grant lacks scopes', '', lacking, '')
}
