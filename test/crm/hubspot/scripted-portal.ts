import type { TestContext } from 'node:test'
import type { TaskKeySupport, TaskWrite } from '../../../src/crm/crm-client.ts'
import { hubSpotClient } from '../../../src/crm/hubspot/client.ts'
import { openPortal, type PortalOptions } from '../../../src/crm/hubspot/portal/portal.ts'
import type { ConnectionId } from '../../../src/model/record/change-event.ts'
import { recordingBudget, type ScriptedAnswer, type ScriptedRequest, startScriptedServer } from '../scripted-server.ts'

export const at = '2026-11-20T09:00:00.000Z'
export const enforced: TaskKeySupport = { enforced: true, field: 'lanekeeper_key', why: '' }

export const property = (name: string, type: string, over: object = {}) => ({
  name,
  label: name,
  type,
  fieldType: 'text',
  ...over,
})
export const options = (...values: string[]) => ({ options: values.map((value) => ({ value, label: value })) })
export const PROPERTIES: Record<string, object[]> = {
  contacts: [
    property('email', 'string'),
    property('hubspot_owner_id', 'enumeration', { referencedObjectType: 'OWNER' }),
    property('lastmodifieddate', 'datetime', { modificationMetadata: { readOnlyValue: true } }),
    property('renewal', 'date'),
    property('score', 'number', { calculated: true }),
    property('topics', 'enumeration', { fieldType: 'checkbox', ...options('a', 'b') }),
    property('agreed', 'enumeration', { fieldType: 'booleancheckbox', ...options('true', 'false') }),
    property('hs_merged_object_ids', 'string'),
    property('health', 'string', { dataSensitivity: 'highly_sensitive' }),
  ],
  tasks: [
    property('hs_task_status', 'enumeration', options('NOT_STARTED', 'COMPLETED')),
    property('hs_task_priority', 'enumeration', options('LOW', 'MEDIUM', 'HIGH')),
    property('hs_task_type', 'enumeration', options('TODO')),
  ],
}

export type Script = (request: ScriptedRequest) => ScriptedAnswer | undefined

/** A portal with the properties above that answers everything else as the test says. */
export async function portal(t: TestContext, script: Script, over: Partial<PortalOptions> = {}) {
  const server = await startScriptedServer((request) => {
    const said = script(request)
    if (said !== undefined) return said
    const type = /^\/crm\/properties\/2026-03\/(\w+)$/.exec(request.path)?.[1]
    if (request.method === 'GET' && type !== undefined)
      return { status: 200, json: { results: PROPERTIES[type] ?? [] } }
    return { status: 200, json: { results: [] } }
  })
  t.after(() => server.close())
  const opened = openPortal({
    connectionId: 'hs' as ConnectionId,
    baseUrl: server.baseUrl,
    appId: 900,
    portalId: 77,
    token: async () => 'token',
    budget: recordingBudget(),
    deadlineMs: 400,
    nowMs: Date.now,
    ...over,
  })
  return { client: hubSpotClient(opened), taskKey: opened.taskKey, requests: server.requests }
}

export function record(id: number, properties: object = {}, over: object = {}): object {
  return {
    id: String(id),
    properties: { lastmodifieddate: at, ...properties },
    createdAt: at,
    updatedAt: at,
    archived: false,
    ...over,
  }
}

export const reading = {
  objectType: 'contacts',
  fields: ['email', 'renewal', 'score', 'topics', 'agreed'],
  historyFields: [],
}

export function task(key: string, over: Partial<TaskWrite> = {}): TaskWrite {
  return {
    key,
    taskId: null,
    ownerId: '501',
    subject: 'Risky: owner left',
    body: 'Look.',
    dueAtMs: Date.parse(at),
    timeZone: null,
    priority: 'normal',
    status: 'open',
    about: { objectType: 'contacts', recordId: '1' },
    rehang: false,
    ...over,
  }
}
