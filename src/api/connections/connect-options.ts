import { isPublicAddress } from '../../config/settings/public-address.ts'
import type { AccessNeeds } from '../../crm/crm-setup.ts'
import { knownAdapters } from '../../crm/registry.ts'
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
  /** Where a CRM is told to call us. */
  readonly webhookUrlOf: (crm: Crm) => string
  readonly sandbox: boolean
  /** How often an account that cannot reach us is asked for changes. */
  readonly pollSeconds: number
}

/** One redirect address per provider, so that an answer meant for one cannot be given to the other. */
export function oauthPath(crm: Crm): string {
  return `/oauth/${crm}/callback`
}

export function redirectUriOf(publicUrl: string, crm: Crm): string {
  return new URL(oauthPath(crm), publicUrl).href
}

/** Whether this CRM can reach us where it is told to call. */
export function canCallUs({ webhookUrlOf }: ConnectSetUp, crm: Crm): boolean {
  return isPublicAddress(webhookUrlOf(crm))
}

export function connectOptions(setUp: ConnectSetUp): ConnectOptionsReply {
  const { publicUrl, webhookUrlOf, sandbox, pollSeconds, needsOf } = setUp
  const called = knownAdapters().filter(({ webhook }) => webhook !== null)
  const forms = knownAdapters().map(({ profile: { crm }, form }) => {
    const redirectUri = redirectUriOf(publicUrl, crm)
    return [
      crm,
      form.options({ redirectUri, webhookUrl: webhookUrlOf(crm), pollSeconds, needs: needsOf(crm) }),
    ] as const
  })
  return {
    sandbox,
    publicUrl,
    isPublic: called.every(({ profile: { crm } }) => canCallUs(setUp, crm)),
    ...Object.fromEntries(forms),
  }
}
