import { CrmRefusedError } from '../../crm-client.ts'
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

/** How many live records the search counts, when it says so. */
export async function searchOne({ http, paths }: Portal, objectType: string): Promise<number | null> {
  const { body } = await http({
    kind: 'search',
    method: 'POST',
    path: `${paths.objects(objectType)}/search`,
    body: { filterGroups: [], properties: ['hs_object_id'], limit: 1 },
    attempt: `search ${objectType}`,
  })
  return typeof body.total === 'number' && Number.isSafeInteger(body.total) && body.total >= 0 ? body.total : null
}

/**
 * A write that nothing can come of: no properties, to a record that cannot exist. That HubSpot looks at the scope first,
 * and so answers 403 without it and 404 (or 400) with it, is our reading of how its gateway works and of its error
 * guide; it documents no order. Were it the other way round, the first real write would tell.
 */
export async function refusesOnlyTheRecord({ http, paths }: Portal, objectType: string): Promise<void> {
  try {
    await http({
      kind: 'write',
      method: 'PATCH',
      path: `${paths.objects(objectType)}/${NO_RECORD}`,
      body: { properties: {} },
      attempt: `try whether ${objectType} may be written`,
      repeatable: true,
    })
  } catch (error) {
    if (!refusesTheRequest(error)) throw error
  }
}

/** The same for property definitions: one without a name can never be made. */
export async function mayMakeTaskKey({ http, paths, taskKey }: Portal): Promise<void> {
  if ((await taskKey.probe()).field !== null) return // made already
  try {
    await http({
      kind: 'write',
      method: 'POST',
      path: paths.properties('tasks'),
      body: {},
      attempt: 'try whether a property of tasks may be made',
      repeatable: true,
    })
  } catch (error) {
    if (!refusesTheRequest(error)) throw error
  }
}

function refusesTheRequest(error: unknown): boolean {
  return error instanceof CrmRefusedError && (error.status === 404 || error.status === 400)
}
