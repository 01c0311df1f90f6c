import { loadPolicies } from '../../config/policies/policy-files.ts'
import { EXAMPLES, type Settings } from '../../config/settings/settings.ts'
import { accessNeeds } from '../../connections/access/required-access.ts'
import '../../crm/profiles.ts'
import { hubSpotProject } from '../../crm/hubspot/app-project/project-files.ts'
import { policiesOf } from '../../pipeline/decide/publish-policies.ts'
import type { SandboxInfo } from './sandbox-process.ts'

const WEBHOOKS_FILE = 'src/app/webhooks/webhooks-hsmeta.json'

/**
 * Uploads the webhooks file of our generated project to the sandbox portal, as an admin uploads it to HubSpot: the portal
 * tells us of what this file names and of nothing else.
 */
export async function uploadProject(
  { hubspot }: Pick<SandboxInfo, 'hubspot'>,
  { configDir }: Pick<Settings, 'configDir'>,
): Promise<void> {
  const files = hubSpotProject({
    kind: 'static',
    name: 'Lanekeeper',
    // HubSpot takes https only. The sandbox sends to the address that it was started with.
    webhookUrl: 'https://lanekeeper.example.com/webhooks/hubspot',
    redirectUrl: null,
    needs: accessNeeds(policiesOf(loadPolicies(configDir ?? EXAMPLES)), 'hubspot'),
  })
  const { content } = files.find(({ path }) => path === WEBHOOKS_FILE)!
  const response = await fetch(new URL('/__sandbox/project', hubspot.baseUrl), {
    method: 'POST',
    headers: { 'x-sandbox-control': hubspot.controlSecret, 'content-type': 'application/json' },
    body: content,
  })
  if (!response.ok) throw new Error(`The sandbox CRM refused our HubSpot project: ${await response.text()}`)
}
