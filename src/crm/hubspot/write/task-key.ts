import type { Property } from '@hubspot/api-client/lib/codegen/crm/properties/models/Property.js'
import type { PropertyCreate } from '@hubspot/api-client/lib/codegen/crm/properties/models/PropertyCreate.js'
import type { PropertyGroup } from '@hubspot/api-client/lib/codegen/crm/properties/models/PropertyGroup.js'
import { CrmReconnectError, CrmRefusedError, type TaskKeySupport } from '../../crm-client.ts'
import type { HubSpotHttp } from '../http/call.ts'
import { sentenceOf } from '../http/error-body.ts'
import { HubSpotRefusal } from '../http/errors.ts'
import { listOf, textOf } from '../http/json-value.ts'
import type { HubSpotPaths } from '../http/paths.ts'
import type { AnswerOf, Wire } from '../http/wire.ts'
import type { HubSpotSchemas } from '../read/schemas.ts'

export const TASK_KEY_FIELD = 'lanekeeper_key'

type Access = { readonly http: HubSpotHttp; readonly paths: HubSpotPaths; readonly schemas: HubSpotSchemas }

export type TaskKey = {
  /** What is known; looked up first where nothing is. Creates nothing. */
  current(): Promise<TaskKeySupport>
  /** Looks it up again. Writes nothing. */
  probe(): Promise<TaskKeySupport>
  /** Creates the property if it is missing, and looks it up again. */
  create(): Promise<TaskKeySupport>
}

/**
 * Can HubSpot itself refuse a second task with our key? It does not document whether tasks take unique properties, so we
 * try: create the property, read back whether it is unique, and read once by it. Created only by `create`.
 */
export function createTaskKey(access: Access, known: TaskKeySupport | undefined): TaskKey {
  let support = known

  async function look(mayCreate: boolean): Promise<TaskKeySupport> {
    support = await findTaskKeySupport(access, mayCreate)
    return support
  }

  return { current: async () => support ?? (await look(false)), probe: () => look(false), create: () => look(true) }
}

async function findTaskKeySupport(access: Access, mayCreate: boolean): Promise<TaskKeySupport> {
  let property = await readProperty(access)
  if (property === undefined) {
    if (!mayCreate) {
      return {
        enforced: false,
        field: null,
        why: `Tasks of this HubSpot account have no property ${TASK_KEY_FIELD} yet. Lanekeeper can create it.`,
      }
    }
    const created = await createProperty(access)
    if ('why' in created) return { enforced: false, field: null, why: created.why }
    property = created.property
    access.schemas.forget('tasks')
  }
  if (property.hasUniqueValue !== true) {
    return {
      enforced: false,
      field: TASK_KEY_FIELD,
      why: `This account keeps ${TASK_KEY_FIELD} on tasks but not as a unique property, so Lanekeeper looks a task up before it writes it again`,
    }
  }
  const readable = await canReadByKey(access)
  if (readable !== null) return { enforced: false, field: TASK_KEY_FIELD, why: readable }
  return { enforced: true, field: TASK_KEY_FIELD, why: `HubSpot keeps ${TASK_KEY_FIELD} unique on tasks` }
}

async function readProperty({ http, paths }: Access): Promise<AnswerOf<Property> | undefined> {
  try {
    const { body } = await http({
      kind: 'read',
      method: 'GET',
      path: `${paths.properties('tasks')}/${TASK_KEY_FIELD}`,
      attempt: `look for the task property ${TASK_KEY_FIELD}`,
    })
    return body.archived === true ? undefined : body
  } catch (error) {
    if (error instanceof CrmRefusedError && error.status === 404) return undefined
    throw error
  }
}

async function createProperty(access: Access): Promise<{ property: AnswerOf<Property> } | { why: string }> {
  let refusal = ''
  // Unique first; an account or plan that does not take that may still take the plain property.
  for (const hasUniqueValue of [true, false]) {
    try {
      const { body } = await access.http({
        kind: 'write',
        method: 'POST',
        path: access.paths.properties('tasks'),
        body: {
          name: TASK_KEY_FIELD,
          label: 'Lanekeeper key',
          description: 'Set by Lanekeeper so that one case never gets two tasks. Please leave it as it is.',
          type: 'string',
          fieldType: 'text',
          groupName: await taskGroup(access),
          hasUniqueValue,
          hidden: true,
          formField: false,
        } satisfies Wire<PropertyCreate>,
        attempt: `create the task property ${TASK_KEY_FIELD}`,
      })
      return { property: body }
    } catch (error) {
      if (error instanceof CrmReconnectError) {
        // Only this optional scope is missing; the connection itself works.
        return { why: `The app may not create the task property ${TASK_KEY_FIELD}: ${error.remedy}` }
      }
      if (!(error instanceof CrmRefusedError)) throw error
      if (error.status === 409) {
        const made = await readProperty(access) // by another worker, a moment ago
        if (made !== undefined) return { property: made }
      }
      refusal = error instanceof HubSpotRefusal ? sentenceOf(error.body) || error.message : error.message
    }
  }
  return { why: `HubSpot does not take the task property ${TASK_KEY_FIELD}: ${refusal}` }
}

/** The name of the group that task properties belong to is not documented: take the account's own. */
async function taskGroup({ http, paths }: Access): Promise<string> {
  const { body } = await http({
    kind: 'read',
    method: 'GET',
    path: `${paths.properties('tasks')}/groups`,
    attempt: 'list the groups of task properties',
  })
  const names = listOf(body.results).flatMap((group: AnswerOf<PropertyGroup>) => textOf(group.name) || [])
  return names.find((name) => /task/i.test(name)) ?? names[0] ?? 'taskinformation'
}

async function canReadByKey({ http, paths }: Access): Promise<string | null> {
  try {
    await http({
      kind: 'read',
      method: 'POST',
      path: `${paths.objects('tasks')}/batch/read`,
      body: { idProperty: TASK_KEY_FIELD, inputs: [{ id: 'lanekeeper-probe' }], properties: [TASK_KEY_FIELD] },
      attempt: `read a task by ${TASK_KEY_FIELD}`,
    })
    return null
  } catch (error) {
    if (!(error instanceof CrmRefusedError)) throw error
    if (error.status === 404) return null // nothing has that key, which is the right answer
    return `HubSpot does not find tasks by ${TASK_KEY_FIELD}: ${error.message}`
  }
}
