import { isPublicAddress } from '../../connections/draft/public-address.ts'
import type { AccessNeeds } from '../../crm/crm-setup.ts'
import { hubSpotScopes } from '../../crm/hubspot/open.ts'
import type { Crm } from '../../model/record/change-event.ts'
import type { ConnectOptionsReply } from './connect-types.ts'
import type { Connecting } from './connection-service.ts'
import type { DraftChecks } from './draft-checks.ts'

/** What the routes about connecting are given at start. */
export type ConnectSetUp = {
  readonly connecting: Connecting
  readonly checks: DraftChecks
  readonly needsOf: (crm: Crm) => AccessNeeds
  readonly publicUrl: string
  /** The address that HubSpot is told to call. */
  readonly webhookUrl: string
  readonly sandbox: boolean
  /** How often a portal that cannot reach us is asked for changes. */
  readonly pollSeconds: number
}

/** One redirect address per provider, so that an answer meant for one cannot be given to the other. */
export function oauthPath(crm: Crm): string {
  return `/oauth/${crm}/callback`
}

export function redirectUriOf(publicUrl: string, crm: Crm): string {
  return new URL(oauthPath(crm), publicUrl).href
}

/** Those of the objects that we read for which Salesforce has change events, and User for who left; at most five. */
const STREAMED = ['Lead', 'Account', 'Contact', 'Opportunity', 'User']

export function connectOptions({
  publicUrl,
  webhookUrl,
  sandbox,
  pollSeconds,
  needsOf,
}: ConnectSetUp): ConnectOptionsReply {
  const { required, optional } = hubSpotScopes(needsOf('hubspot'))
  return {
    sandbox,
    publicUrl,
    isPublic: isPublicAddress(webhookUrl),
    hubspot: {
      redirectUri: redirectUriOf(publicUrl, 'hubspot'),
      webhookUrl,
      pollSeconds,
      scopes: { required: [...required], optional: [...optional] },
      baseUrl: 'https://api.hubapi.com',
      apiVersion: '2026-03',
    },
    salesforce: {
      redirectUri: redirectUriOf(publicUrl, 'salesforce'),
      scopes: ['api', 'refresh_token'],
      entities: STREAMED,
      apiVersion: '67.0',
      pubsubAddress: 'api.pubsub.salesforce.com:7443',
    },
  }
}
