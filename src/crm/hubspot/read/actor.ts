import type { ChangeActor } from '../../../model/record/change-event.ts'
import { storable } from '../../../model/record/storable-text.ts'

const PEOPLE = new Set(['CRM_UI', 'CRM_UI_BULK_ACTION', 'USER', 'CRM', 'MOBILE_IOS', 'MOBILE_ANDROID', 'SALES', 'TASK'])
const AUTOMATIONS = new Set([
  'AUTOMATION_PLATFORM',
  'AUTOMATION_JOURNEY',
  'WORKFLOWS',
  'CALCULATED',
  'HUBSPOT_AI',
  'AI_GROUP',
])
const INTEGRATIONS = new Set([
  'INTEGRATION',
  'API',
  'INTEGRATIONS_PLATFORM',
  'INTEGRATIONS_SYNC',
  'SALESFORCE',
  'DATA_SYNC',
])

/**
 * Who made a change, as far as HubSpot says. Its list of sources is open, so a source that we do not know is `unknown` and
 * never "a person". `ours` follows HubSpot's app id, which it does not document for static apps.
 */
export function actorOf(source: unknown, sourceId: unknown, appId: string | null): ChangeActor {
  const kind = typeof source === 'string' ? source.toUpperCase() : ''
  const id = typeof sourceId === 'string' || typeof sourceId === 'number' ? storable(String(sourceId)) : ''
  const user = /^userId:(\d{1,20})$/.exec(id)?.[1]
  if (user !== undefined) return { kind: 'person', id: user, ours: false }
  if (INTEGRATIONS.has(kind)) {
    return { kind: 'integration', id: id || null, ours: kind === 'INTEGRATION' && id !== '' && id === appId }
  }
  if (AUTOMATIONS.has(kind)) return { kind: 'automation', id: id || null, ours: false }
  return { kind: PEOPLE.has(kind) ? 'person' : 'unknown', id: id || null, ours: false }
}
