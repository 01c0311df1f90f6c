import type { AccountPlace, CrmPages } from '../crm-pages.ts'

export const SALESFORCE_PAGES: CrmPages = {
  recordUrl: (account, objectType, recordId) =>
    `${originOf(account)}/lightning/r/${encodeURIComponent(objectType)}/${encodeURIComponent(recordId)}/view`,
  taskUrl: (account, taskId) => `${originOf(account)}/lightning/r/Task/${encodeURIComponent(taskId)}/view`,
  accountUrl: originOf,
}

function originOf({ baseUrl, pagesUrl }: AccountPlace): string {
  return pagesUrl ?? baseUrl
}
