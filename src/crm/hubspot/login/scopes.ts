import type { AccessNeeds } from '../../crm-setup.ts'

/**
 * The scope for creating the property of our task key. Readers of the current documentation saw it; the published
 * description of the API does not list it. So it is optional, and Lanekeeper works without it.
 */
export const TASK_KEY_SCOPE = 'crm.schemas.tasks.write'

/** Tasks have no scope of their own: HubSpot reads and writes them with those of contacts. */
export function hubSpotScope(objectType: string, verb: 'read' | 'write'): string {
  if (objectType === 'tickets') return 'tickets' // one older scope for both
  if (objectType === 'tasks') return `crm.objects.contacts.${verb}`
  const custom = !/^(contacts|companies|deals|leads|products|line_items|quotes)$/.test(objectType)
  return `crm.objects.${custom ? 'custom' : objectType}.${verb}`
}

/** What the app has to be granted for these needs, in a stable order: the same needs make the same files. */
export function hubSpotScopes(needs: AccessNeeds): { required: readonly string[]; optional: readonly string[] } {
  const scopes = new Set([hubSpotScope('tasks', 'read'), hubSpotScope('tasks', 'write'), 'crm.objects.owners.read'])
  for (const { objectType, ownerField } of needs.objects) {
    scopes.add(hubSpotScope(objectType, 'read'))
    if (ownerField !== null) scopes.add(hubSpotScope(objectType, 'write'))
  }
  return { required: ['oauth', ...[...scopes].sort()], optional: [TASK_KEY_SCOPE] }
}
