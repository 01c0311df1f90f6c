import assert from 'node:assert/strict'
import type { AccessNeeds } from '../../src/crm/crm-setup.ts'
import { hubSpotProject } from '../../src/crm/hubspot/app-project/project-files.ts'

/** The webhooks file that the product generates for these needs, as its reader gets it: the sandbox tells of nothing else. */
export function webhooksFileOf(needs: AccessNeeds): unknown {
  const webhookUrl = 'https://lanekeeper.example.com/webhooks/hubspot'
  const files = hubSpotProject({ kind: 'static', name: 'Lanekeeper', webhookUrl, redirectUrl: null, needs })
  const file = files.find(({ path }) => path.endsWith('webhooks-hsmeta.json'))
  assert.ok(file)
  return JSON.parse(file.content)
}
