import type { ConnectionId } from '../../../model/record/change-event.ts'
import {
  type CallBudget,
  type CallUsage,
  type CrmIdentity,
  CrmUnknownError,
  type TaskKeySupport,
} from '../../crm-client.ts'
import { answerClock } from '../../crm-clock.ts'
import { storable } from '../../storable-text.ts'
import { createHubSpotHttp, type HubSpotHttp } from '../http/http.ts'
import { idOf, textOf } from '../http/json-value.ts'
import { type HubSpotApiVersion, type HubSpotPaths, hubSpotPaths } from '../http/paths.ts'
import { createHubSpotSchemas, type HubSpotSchemas } from '../read/schemas.ts'
import { createTaskKey, type TaskKey } from '../write/task-key.ts'

export type PortalOptions = {
  readonly connectionId: ConnectionId
  /** `https://api.hubapi.com`, a regional host, or the sandbox. */
  readonly baseUrl: string
  /** Origin of the pages where people open records. Default: what the account says of itself. */
  readonly uiBaseUrl?: string | undefined
  readonly portalId?: string | number | undefined
  /** IANA zone of the account, if known; `identify` finds out. */
  readonly timeZone?: string | null | undefined
  /** Null: not known; then only the values that we wrote tell our own writes. */
  readonly appId: string | number | null
  readonly token: () => Promise<string>
  readonly tokenRejected?: ((token: string) => Promise<void>) | undefined
  /** Who the token acts as, where HubSpot tells: OAuth only. */
  readonly actor?: (() => Promise<PortalActor | null>) | undefined
  readonly budget: CallBudget
  /** Default `2026-03`, whose descriptions the contract is made from. */
  readonly apiVersion?: HubSpotApiVersion | undefined
  /** What was found at connect. Without it the first task write looks, and creates nothing. */
  readonly taskKey?: TaskKeySupport | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
  readonly deadlineMs?: number | undefined
  readonly nowMs: () => number
}

export type PortalActor = { readonly appId: string | null; readonly name: string | null }

/** One HubSpot account as one set of credentials sees it: what its everyday verbs and its checks have in common. */
export type Portal = {
  readonly connectionId: ConnectionId
  readonly appId: string | null
  readonly http: HubSpotHttp
  readonly paths: HubSpotPaths
  readonly schemas: HubSpotSchemas
  readonly taskKey: TaskKey
  readonly nowMs: () => number
  identify(): Promise<CrmIdentity>
  /** The limits that HubSpot's answers named last; null when none did, as for OAuth apps. */
  limits(): CallUsage | null
  clockAheadMs(): number | null
  recordUrl(objectType: string, recordId: string): string
  taskUrl(taskId: string): string
}

const OBJECT_TYPE_IDS: Readonly<Record<string, string>> = {
  contacts: '0-1',
  companies: '0-2',
  deals: '0-3',
  tickets: '0-5',
  tasks: '0-27',
  leads: '0-136',
}
const PAGES_URL = 'https://app.hubspot.com'

export function openPortal(options: PortalOptions): Portal {
  const { connectionId, nowMs } = options
  const appId = options.appId === null ? null : String(options.appId)
  const paths = hubSpotPaths(options.apiVersion ?? '2026-03')
  let portalId = options.portalId === undefined ? null : String(options.portalId)
  let timeZone = options.timeZone ?? null
  let pagesUrl = options.uiBaseUrl ?? null
  let limits: CallUsage | null = null
  const clock = answerClock(nowMs)
  const http = createHubSpotHttp({
    clock,
    baseUrl: options.baseUrl,
    token: options.token,
    tokenRejected: options.tokenRejected,
    budget: {
      take: (kind) => options.budget.take(kind),
      pauseUntil: (atMs, why) => options.budget.pauseUntil(atMs, why),
      observe: async (usage) => {
        limits = usage
        await options.budget.observe(usage)
      },
    },
    fetch: options.fetch,
    deadlineMs: options.deadlineMs,
    nowMs,
    timeZone: () => timeZone,
  })
  const schemas = createHubSpotSchemas(http, paths, nowMs)

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
    // HubSpot's pages only: people will follow links that begin with this.
    const uiDomain = textOf(body.uiDomain).toLowerCase()
    const itsPages = /^[a-z0-9-]+(\.[a-z0-9-]+)*\.hubspot\.com$/.test(uiDomain) ? `https://${uiDomain}` : null
    pagesUrl = options.uiBaseUrl ?? itsPages
    const actor = (await options.actor?.()) ?? null
    const ourApp = appId ?? actor?.appId ?? null
    return {
      accountId,
      title: `HubSpot account ${accountId}`,
      timeZone,
      actorId: ourApp,
      actorName: actor?.name ?? (ourApp === null ? null : `app ${ourApp}`),
      edition: storable(textOf(body.accountType)).slice(0, 100) || null,
      pagesUrl,
    }
  }

  function pageUrl(path: string): string {
    return `${(pagesUrl ?? PAGES_URL).replace(/\/+$/, '')}/${path}`
  }

  return {
    connectionId,
    appId,
    http,
    paths,
    schemas,
    taskKey: createTaskKey({ http, paths, schemas }, options.taskKey),
    nowMs,
    identify,
    limits: () => limits,
    clockAheadMs: clock.aheadMs,
    recordUrl: (objectType, recordId) => {
      const typeId = Object.hasOwn(OBJECT_TYPE_IDS, objectType) ? OBJECT_TYPE_IDS[objectType] : objectType
      return pageUrl(`contacts/${portalId ?? ''}/record/${typeId}/${encodeURIComponent(recordId)}`)
    },
    taskUrl: (taskId) => pageUrl(`tasks/${portalId ?? ''}/view/all/task/${encodeURIComponent(taskId)}`),
  }
}
