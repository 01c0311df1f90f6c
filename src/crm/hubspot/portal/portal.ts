import type { ConnectionId } from '../../../model/record/change-event.ts'
import type { CallBudget, CallUsage, CrmIdentity, TaskKeySupport } from '../../crm-client.ts'
import { answerClock } from '../../crm-clock.ts'
import type { HubSpotHttp } from '../http/call.ts'
import { createHubSpotHttp } from '../http/http.ts'
import { type HubSpotApiVersion, type HubSpotPaths, hubSpotPaths } from '../http/paths.ts'
import { createHubSpotSchemas, type HubSpotSchemas } from '../read/schemas.ts'
import { createTaskKey, type TaskKey } from '../write/task-key.ts'
import { type AccountDetails, readAccountDetails } from './account-details.ts'
import { type PageUrls, pageUrls } from './page-urls.ts'

export type PortalOptions = {
  readonly connectionId: ConnectionId
  /** `https://api.hubapi.com`, a regional host, or the sandbox. */
  readonly baseUrl: string
  /** Origin of the pages where people open records. Default: what the account names. */
  readonly uiBaseUrl?: string | undefined
  readonly portalId?: string | number | undefined
  /** IANA zone of the account, if known; `identify` finds out. */
  readonly timeZone?: string | null | undefined
  /** Null: not known. Then only the values that we wrote identify our own changes. */
  readonly appId: string | number | null
  readonly token: () => Promise<string>
  readonly tokenRejected?: ((token: string) => Promise<void>) | undefined
  /** Who the token acts as. HubSpot says so for OAuth only. */
  readonly actor?: (() => Promise<PortalActor | null>) | undefined
  readonly budget: CallBudget
  /** Default `2026-03`, whose descriptions the contract is made from. */
  readonly apiVersion?: HubSpotApiVersion | undefined
  /** What was found at connect. Without it the first task write looks it up, and creates nothing. */
  readonly taskKey?: TaskKeySupport | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
  readonly deadlineMs?: number | undefined
  readonly nowMs: () => number
}

export type PortalActor = { readonly appId: string | null; readonly name: string | null }

/** One HubSpot account as one set of credentials sees it. Its everyday verbs and its checks share this. */
export type Portal = {
  readonly connectionId: ConnectionId
  readonly appId: string | null
  readonly http: HubSpotHttp
  readonly paths: HubSpotPaths
  readonly schemas: HubSpotSchemas
  readonly taskKey: TaskKey
  readonly nowMs: () => number
  identify(): Promise<CrmIdentity>
  /** The limits that HubSpot's answers named last. Null: none did, as for OAuth apps. */
  limits(): CallUsage | null
  clockAheadMs(): number | null
} & PageUrls

export function openPortal(options: PortalOptions): Portal {
  const { connectionId, nowMs } = options
  const appId = options.appId === null ? null : String(options.appId)
  const paths = hubSpotPaths(options.apiVersion ?? '2026-03')
  // What is known of the account; `identify` finds out more.
  const account = {
    portalId: options.portalId === undefined ? null : String(options.portalId),
    timeZone: options.timeZone ?? null,
    pagesUrl: options.uiBaseUrl ?? null,
  }
  let limits: CallUsage | null = null
  const budget = observing(options.budget, (usage) => {
    limits = usage
  })
  const clock = answerClock(nowMs)
  const { baseUrl, token, tokenRejected, fetch, deadlineMs } = options
  const timeZone = () => account.timeZone
  const http = createHubSpotHttp({ baseUrl, token, tokenRejected, budget, clock, fetch, deadlineMs, nowMs, timeZone })
  const schemas = createHubSpotSchemas(http, paths, nowMs)

  async function identify(): Promise<CrmIdentity> {
    const details = await readAccountDetails(http, paths)
    account.portalId = details.accountId
    account.timeZone = details.timeZone
    account.pagesUrl = options.uiBaseUrl ?? details.pagesUrl
    const actor = (await options.actor?.()) ?? null
    return identityOf({ ...details, pagesUrl: account.pagesUrl }, appId, actor)
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
    ...pageUrls(() => account),
  }
}

function observing(budget: CallBudget, onUsage: (usage: CallUsage) => void): CallBudget {
  return {
    take: (kind) => budget.take(kind),
    pauseUntil: (atMs, why) => budget.pauseUntil(atMs, why),
    observe: async (usage) => {
      onUsage(usage)
      await budget.observe(usage)
    },
  }
}

function identityOf(details: AccountDetails, appId: string | null, actor: PortalActor | null): CrmIdentity {
  const ourApp = appId ?? actor?.appId ?? null
  return {
    accountId: details.accountId,
    title: `HubSpot account ${details.accountId}`,
    timeZone: details.timeZone,
    actorId: ourApp,
    actorName: actor?.name ?? (ourApp === null ? null : `app ${ourApp}`),
    edition: details.edition,
    pagesUrl: details.pagesUrl,
    homeCurrency: details.homeCurrency,
  }
}
