import type { CrmLinks } from './crm-links.ts'

/** HubSpot's pages name objects by number. */
const HUBSPOT_TYPES: Readonly<Record<string, string>> = {
  contacts: '0-1',
  companies: '0-2',
  deals: '0-3',
  tickets: '0-5',
  tasks: '0-27',
  leads: '0-136',
}

/** Links to the CRMs' own pages. HubSpot serves API and pages from different hosts; a sandbox serves both from one. */
export const VENDOR_PAGES: CrmLinks = {
  recordUrl: ({ crm, accountId, baseUrl, pagesUrl }, objectType, recordId) => {
    const id = encodeURIComponent(recordId)
    if (crm === 'salesforce') return `${pagesUrl ?? baseUrl}/lightning/r/${encodeURIComponent(objectType)}/${id}/view`
    const type = HUBSPOT_TYPES[objectType] ?? encodeURIComponent(objectType)
    return `${pagesUrl ?? hubSpotPages(baseUrl)}/contacts/${encodeURIComponent(accountId)}/record/${type}/${id}`
  },
  taskUrl: ({ crm, accountId, baseUrl, pagesUrl }, taskId) => {
    const id = encodeURIComponent(taskId)
    if (crm === 'salesforce') return `${pagesUrl ?? baseUrl}/lightning/r/Task/${id}/view`
    return `${pagesUrl ?? hubSpotPages(baseUrl)}/tasks/${encodeURIComponent(accountId)}/view/all/task/${id}`
  },
  accountUrl: ({ crm, baseUrl, pagesUrl }) => pagesUrl ?? (crm === 'salesforce' ? baseUrl : hubSpotPages(baseUrl)),
}

function hubSpotPages(baseUrl: string): string {
  const { hostname, origin } = new URL(baseUrl)
  return hostname.endsWith('hubapi.com') ? 'https://app.hubspot.com' : origin
}
