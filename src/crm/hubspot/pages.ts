import type { AccountPlace, CrmPages } from '../crm-pages.ts'

/** HubSpot's pages name objects by number. */
const TYPES: Readonly<Record<string, string>> = {
  contacts: '0-1',
  companies: '0-2',
  deals: '0-3',
  tickets: '0-5',
  tasks: '0-27',
  leads: '0-136',
}

export const HUBSPOT_PAGES: CrmPages = {
  recordUrl(account, objectType, recordId) {
    const type = TYPES[objectType] ?? encodeURIComponent(objectType)
    return `${originOf(account)}/contacts/${encodeURIComponent(account.accountId)}/record/${type}/${encodeURIComponent(recordId)}`
  },
  taskUrl: (account, taskId) =>
    `${originOf(account)}/tasks/${encodeURIComponent(account.accountId)}/view/all/task/${encodeURIComponent(taskId)}`,
  accountUrl: originOf,
}

/** HubSpot's API and its pages have different hosts; a sandbox has one for both. */
function originOf({ baseUrl, pagesUrl }: AccountPlace): string {
  if (pagesUrl != null) return pagesUrl
  const { hostname, origin } = new URL(baseUrl)
  return hostname.endsWith('hubapi.com') ? 'https://app.hubspot.com' : origin
}
