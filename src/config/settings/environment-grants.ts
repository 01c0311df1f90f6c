import type { EnvironmentGrant } from '../../crm/crm-adapter.ts'
import type { Crm } from '../../model/record/change-event.ts'
import { webhookUrlOfEnvironment } from './public-address.ts'
import type { Settings } from './settings.ts'

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

/** Where a CRM is told to call us unless its connection says otherwise. */
export function webhookUrlOf({ hubspot, publicUrl }: Settings, crm: Crm): string {
  const given = crm === 'hubspot' ? hubspot?.webhookUrl : null
  return given ?? new URL(`/webhooks/${crm}`, publicUrl).href
}

/** The same as far as this CRM can reach us there; null: nowhere, so it is polled. */
export function reachableWebhookUrl(settings: Settings, crm: Crm, publicUrl: string): string | null {
  const given = crm === 'hubspot' ? settings.hubspot?.webhookUrl : null
  return given ?? (publicUrl.startsWith('https:') ? new URL(`/webhooks/${crm}`, publicUrl).href : null)
}

/** Whether the settings connect a CRM at all. */
export function namesCrm({ hubspot, salesforce }: Settings): boolean {
  return hubspot !== null || salesforce !== null
}
