import { CrmRefusedError } from '../crm-client.ts'
import type { CrmSetup } from '../crm-setup.ts'
import type { SalesforceGrant, TokenStore } from '../grant.ts'
import { checkAccess } from './access/access-check.ts'
import type { OpenedSalesforce } from './client/client.ts'
import type { OAuthPlace } from './login/login-server.ts'
import { revokeToken } from './login/oauth.ts'
import type { SalesforceCall } from './rest/call.ts'
import { query } from './rest/query.ts'
import { soqlName } from './rest/soql.ts'

export type SetupOptions = OpenedSalesforce & {
  readonly place: OAuthPlace
  readonly grant: SalesforceGrant
  readonly tokens: TokenStore
  readonly pubsubAddress: string | null
}

export function salesforceSetup(options: SetupOptions): CrmSetup {
  const { call, tasks } = options
  const context = { ...options, identify: options.client.identify, probeTaskKey: tasks.probeTaskKey }
  const probeTaskKey = async () => {
    const { enforced, field, why, remedy } = await tasks.probeTaskKey()
    return { enforced, field, why: remedy === null ? why : `${why}. ${remedy}` }
  }
  return {
    checkAccess: (needs, onCheck = () => {}) => checkAccess(context, needs, onCheck),
    probeTaskKey,
    // REST cannot create fields, and we do not deploy metadata: the answer names the steps for an admin.
    createTaskKey: probeTaskKey,
    count: (objectType) => countRecords(call, objectType),
    revoke: () => revokeGrant(options),
  }
}

/** Live records only: `query` leaves out the Recycle Bin, as all our reads do. */
async function countRecords(call: SalesforceCall, objectType: string): Promise<number | null> {
  try {
    return (await query(call, `SELECT COUNT() FROM ${soqlName(objectType)}`)).totalSize
  } catch (error) {
    // Counting tens of millions may time out.
    if (error instanceof CrmRefusedError && error.code === 'QUERY_TIMEOUT') return null
    throw error
  }
}

/**
 * Ends our tokens. No budget is asked: Salesforce does not count these requests, and revoking has to work when the
 * allowance is spent.
 */
async function revokeGrant({ place, grant, tokens }: SetupOptions): Promise<{ revoked: boolean; message: string }> {
  const { tokens: held } = await tokens.read()
  const token = held?.refreshToken ?? held?.accessToken ?? null
  if (grant.kind === 'salesforce-pkce') {
    if (token === null) return { revoked: true, message: 'There was no authorization left to give back.' }
    const ended = await revokeToken(place, grant.clientId, token)
    return {
      revoked: true,
      message: ended
        ? 'Salesforce has ended our authorization: no session and no refresh token of it works any more.'
        : 'Salesforce no longer knew our authorization, so there was nothing left to end.',
    }
  }
  if (token !== null) await revokeToken(place, grant.clientId, token)
  const app = 'in Salesforce Setup > External Client App Manager disable or delete the app'
  return {
    revoked: true,
    message:
      grant.kind === 'salesforce-jwt'
        ? `Our session is ended and the private key erased here. The certificate still stands in Salesforce: ${app}.`
        : `Our session is ended and the consumer secret erased here. The secret itself stays valid in Salesforce: ${app}, or rotate its secret.`,
  }
}
