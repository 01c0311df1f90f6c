import type { Crm } from '../../model/record/change-event.ts'

/** What a link needs of its connection; never credentials. */
export type LinkTarget = {
  readonly id: string
  readonly crm: Crm
  readonly accountId: string
  readonly baseUrl: string
  /** Origin of the CRM's own pages, as the CRM gave it; null when it gave none. */
  readonly pagesUrl?: string | null
}

/** The adapters know their vendor's addresses; the API only passes them on. Null: the CRM has no such page. */
export type CrmLinks = {
  readonly recordUrl: (connection: LinkTarget, objectType: string, recordId: string) => string | null
  readonly taskUrl: (connection: LinkTarget, taskId: string) => string | null
  readonly accountUrl: (connection: LinkTarget) => string | null
}

export const NO_LINKS: CrmLinks = { recordUrl: () => null, taskUrl: () => null, accountUrl: () => null }

/** A link that a browser may follow from our page; anything else (javascript:, a typo) is left out. */
export function safeUrl(url: string | null): string | null {
  if (url === null || !URL.canParse(url)) return null
  return /^https?:$/.test(new URL(url).protocol) ? url : null
}
