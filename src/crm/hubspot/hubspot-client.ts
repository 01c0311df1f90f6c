import type { ConnectionId } from '../../model/record/change-event.ts'
import { type CallBudget, type CrmClient, type CrmIdentity, CrmUnknownError, type TaskKeySupport } from '../crm.ts'
import { storable } from '../storable-text.ts'
import { createHubSpotHttp } from './hubspot-http.ts'
import { type HubSpotApiVersion, hubSpotPaths } from './hubspot-paths.ts'
import { createHubSpotRecords } from './hubspot-records.ts'
import { createHubSpotSchemas } from './hubspot-schema.ts'
import { createHubSpotTasks } from './hubspot-tasks.ts'
import { readUsers } from './hubspot-users.ts'
import { idOf, textOf } from './json-value.ts'
import { writeOwnerFields } from './owner-writes.ts'

export type HubSpotClientOptions = {
  readonly connectionId: ConnectionId
  /** `https://api.hubapi.com`, a regional host, or the sandbox. */
  readonly baseUrl: string
  /** Where people open records. Default: what the account says of itself, else `https://app.hubspot.com`. */
  readonly uiBaseUrl?: string | undefined
  readonly portalId?: string | number | undefined
  readonly appId: string | number
  readonly token: () => Promise<string>
  readonly tokenRejected?: ((token: string) => Promise<void>) | undefined
  readonly budget: CallBudget
  /** Default `2026-03`, whose descriptions the contract is made from. */
  readonly apiVersion?: HubSpotApiVersion | undefined
  /** What `ensureTaskKey` answered at connect. Without it the first task write looks, and creates nothing. */
  readonly taskKey?: TaskKeySupport | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
  readonly deadlineMs?: number | undefined
  readonly nowMs: () => number
}

const OBJECT_TYPE_IDS: Readonly<Record<string, string>> = {
  contacts: '0-1',
  companies: '0-2',
  deals: '0-3',
  tickets: '0-5',
  tasks: '0-27',
  leads: '0-136',
}

/** HubSpot through the verbs that both CRMs share. Why it speaks HTTP itself: docs/decisions/0003-hubspot-client.md. */
export function createHubSpotClient(options: HubSpotClientOptions): CrmClient {
  const { connectionId, nowMs } = options
  const appId = String(options.appId)
  const paths = hubSpotPaths(options.apiVersion ?? '2026-03')
  let portalId = options.portalId === undefined ? null : String(options.portalId)
  let timeZone: string | null = null
  let uiBaseUrl = options.uiBaseUrl ?? 'https://app.hubspot.com'
  const http = createHubSpotHttp({
    baseUrl: options.baseUrl,
    token: options.token,
    tokenRejected: options.tokenRejected,
    budget: options.budget,
    fetch: options.fetch,
    deadlineMs: options.deadlineMs,
    nowMs,
    timeZone: () => timeZone,
  })
  const schemas = createHubSpotSchemas(http, paths, nowMs)
  const records = createHubSpotRecords({ connectionId, appId, http, paths, schemas })
  const tasks = createHubSpotTasks({ http, paths, schemas, taskKey: options.taskKey })

  async function identify(): Promise<CrmIdentity> {
    const { body } = await http({
      kind: 'read',
      method: 'GET',
      path: paths.account,
      attempt: 'read which HubSpot account the token belongs to',
    })
    const accountId = idOf(body.portalId)
    if (accountId === undefined) throw new CrmUnknownError('HubSpot answered without saying which account this is')
    portalId = accountId
    timeZone = storable(textOf(body.timeZone)) || null
    const uiDomain = textOf(body.uiDomain)
    if (options.uiBaseUrl === undefined && /^[a-z0-9.-]+$/i.test(uiDomain)) uiBaseUrl = `https://${uiDomain}`
    return {
      accountId,
      title: `HubSpot account ${accountId}`,
      timeZone,
      actorId: appId,
      actorName: `app ${appId}`,
      edition: storable(textOf(body.accountType)) || null,
      pagesUrl: uiBaseUrl,
    }
  }

  function uiUrl(path: string): string {
    return `${uiBaseUrl.replace(/\/+$/, '')}/${path}`
  }

  return {
    crm: 'hubspot',
    connectionId,
    identify,
    users: () => readUsers(http, paths, connectionId),
    describe: async (objectType) => (await schemas.of(objectType)).object,
    changedSince: records.changedSince,
    readRecords: records.readRecords,
    ensureTaskKey: tasks.ensureTaskKey,
    writeTasks: tasks.writeTasks,
    findTasks: tasks.findTasks,
    writeOwners: (writes) => writeOwnerFields(http, paths, writes),
    recordUrl: (objectType, recordId) => {
      const typeId = Object.hasOwn(OBJECT_TYPE_IDS, objectType) ? OBJECT_TYPE_IDS[objectType] : objectType
      return uiUrl(`contacts/${portalId ?? ''}/record/${typeId}/${encodeURIComponent(recordId)}`)
    },
    taskUrl: (taskId) => uiUrl(`tasks/${portalId ?? ''}/view/all/task/${encodeURIComponent(taskId)}`),
  }
}
