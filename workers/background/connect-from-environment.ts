import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Settings } from '../../src/config/settings.ts'
import type { ConnectDeps } from '../../src/connections/context.ts'
import { connectFromEnvironment, type EnvironmentGrant } from '../../src/connections/draft/from-environment.ts'
import { webhookUrlOfEnvironment } from '../../src/connections/draft/public-address.ts'
import { CrmReconnectError } from '../../src/crm/crm-client.ts'

const RETRY_MS = { first: 1_000, largest: 30_000 }

/** What the environment asks to be connected. */
export function environmentGrants({ hubspot, salesforce, publicUrl }: Settings): EnvironmentGrant[] {
  const wanted: EnvironmentGrant[] = []
  if (hubspot) {
    const { token, clientSecrets, appId, baseUrl, apiVersion } = hubspot
    wanted.push({
      crm: 'hubspot',
      grant: { kind: 'hubspot-token', token, clientSecrets, appId },
      address: { baseUrl, apiVersion, pubsubAddress: null },
      webhookUrl: webhookUrlOfEnvironment({ ...hubspot, publicUrl }),
    })
  }
  if (salesforce) {
    const { clientId, clientSecret, loginUrl, apiVersion, pubsubAddress } = salesforce
    wanted.push({
      crm: 'salesforce',
      grant: { kind: 'salesforce-client-credentials', clientId, clientSecret },
      address: { baseUrl: loginUrl, apiVersion, pubsubAddress },
      webhookUrl: null,
    })
  }
  return wanted
}

/** Connects until it works. A refused grant is said once per change of the answer and tried again now and then. */
export async function connectUntilItWorks(
  deps: ConnectDeps,
  wanted: EnvironmentGrant,
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<void> {
  let said = ''
  for (let pauseMs = RETRY_MS.first; ; pauseMs = Math.min(pauseMs * 2, RETRY_MS.largest)) {
    signal.throwIfAborted()
    try {
      if ((await connectFromEnvironment(deps, wanted)) === null) {
        logger.info({ crm: wanted.crm }, 'not connected from the environment: a person ended this connection')
      }
      return
    } catch (error) {
      const remedy = error instanceof CrmReconnectError ? error.remedy : undefined
      const why = remedy ?? (error instanceof Error ? error.message : String(error))
      if (why !== said) logger.warn({ crm: wanted.crm, err: error, remedy }, 'cannot connect yet, trying again')
      said = why
      await wait(pauseMs, undefined, { signal })
    }
  }
}
