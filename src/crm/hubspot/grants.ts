import type { GrantRules, SecretChange } from '../crm-adapter.ts'
import type { CrmAddress, EntryProblem, Grant, HubSpotGrant } from '../grant.ts'
import { secretProblems, versionProblems } from '../secret-text.ts'

export const HUBSPOT_GRANTS: GrantRules = {
  kinds: ['hubspot-token', 'hubspot-oauth'],
  kindsWithLogin: ['hubspot-oauth'],
  problems: (grant, address) => problems(grant as HubSpotGrant, address),
  // HubSpot calls us only where it can reach us, and only with a secret to sign by can we believe it.
  feed: (grant, webhookUrl) => (webhookUrl !== null && hasClientSecret(grant) ? 'push' : 'poll'),
  withClientSecret: (grant, change) => ({ grant: withClientSecret(grant as HubSpotGrant, change) }),
}

export function hasClientSecret(grant: Grant): boolean {
  return (grant as HubSpotGrant).clientSecrets.length > 0
}

function problems(grant: HubSpotGrant, address: CrmAddress): EntryProblem[] {
  const found = versionProblems(address.apiVersion, /^\d{4}-\d{2}$/, '2026-03')
  if (grant.kind === 'hubspot-token') found.push(...secretProblems('token', 'access token of the app', grant.token))
  else {
    found.push(...secretProblems('clientId', 'client ID of the app', grant.clientId))
    if (grant.clientSecrets.length === 0) {
      found.push({ field: 'clientSecret', message: 'Enter the client secret of the app.' })
    }
  }
  for (const one of grant.clientSecrets) {
    found.push(...secretProblems('clientSecret', 'client secret of the app', one))
  }
  if (grant.appId !== null && !/^\d{1,20}$/.test(grant.appId)) {
    found.push({ field: 'appId', message: 'The app ID is a number; HubSpot shows it on the page of the app.' })
  }
  return found
}

/** During a rotation HubSpot signs with the old or the new one; more than two are never in use. */
const SECRETS_MAX = 2

function withClientSecret(grant: HubSpotGrant, { add, retireOld }: SecretChange): HubSpotGrant {
  const known = add === undefined ? grant.clientSecrets : [add, ...grant.clientSecrets.filter((one) => one !== add)]
  return { ...grant, clientSecrets: known.slice(0, retireOld ? 1 : SECRETS_MAX) }
}
