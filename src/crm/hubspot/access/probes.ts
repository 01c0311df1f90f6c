import type { PublicObjectSearchRequest } from '@hubspot/api-client/lib/codegen/crm/objects/models/all.js'
import { CrmRefusedError } from '../../crm-client.ts'
import type { Wire } from '../http/wire.ts'
import type { Portal } from '../portal/portal.ts'

// A record id that no portal has: HubSpot counts from 1.
const NO_RECORD = '0'

export async function readOne({ http, paths }: Portal, objectType: string): Promise<void> {
  await http({
    kind: 'read',
    method: 'GET',
    path: paths.objects(objectType),
    query: { limit: '1', archived: 'false' },
    attempt: `list ${objectType}`,
  })
}

/** Both lists, because records keep the ids of archived owners. */
export async function listOwners({ http, paths }: Portal): Promise<void> {
  for (const archived of ['false', 'true']) {
    await http({
      kind: 'read',
      method: 'GET',
      path: paths.owners,
      query: { limit: '1', archived },
      attempt: 'list owners',
    })
  }
}

/** How many live records the search counts, when it says so. */
export async function searchOne({ http, paths }: Portal, objectType: string): Promise<number | null> {
  const { body } = await http({
    kind: 'search',
    method: 'POST',
    path: `${paths.objects(objectType)}/search`,
    body: { filterGroups: [], properties: ['hs_object_id'], limit: 1 } satisfies Wire<PublicObjectSearchRequest>,
    attempt: `search ${objectType}`,
  })
  return typeof body.total === 'number' && Number.isSafeInteger(body.total) && body.total >= 0 ? body.total : null
}

/**
 * A write that cannot change anything: no properties, to a record that cannot exist. We expect HubSpot to check the scope
 * first: 403 without it, 404 or 400 with it. It documents no order; if we are wrong, the first real write shows it.
 */
export async function refusesOnlyTheRecord({ http, paths }: Portal, objectType: string): Promise<void> {
  try {
    await http({
      kind: 'write',
      method: 'PATCH',
      path: `${paths.objects(objectType)}/${NO_RECORD}`,
      body: { properties: {} },
      attempt: `try whether the app may write ${objectType}`,
      repeatable: true,
    })
  } catch (error) {
    if (!refusesTheRequest(error)) throw error
  }
}

/** The same for property definitions: HubSpot cannot create one without a name. */
export async function mayCreateTaskKey({ http, paths, taskKey }: Portal): Promise<void> {
  if ((await taskKey.probe()).field !== null) return // it exists
  try {
    await http({
      kind: 'write',
      method: 'POST',
      path: paths.properties('tasks'),
      body: {},
      attempt: 'try whether the app may create a property of tasks',
      repeatable: true,
    })
  } catch (error) {
    if (!refusesTheRequest(error)) throw error
  }
}

function refusesTheRequest(error: unknown): boolean {
  return error instanceof CrmRefusedError && (error.status === 404 || error.status === 400)
}
