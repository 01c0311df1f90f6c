/** Pages of HubSpot that people open. */
export type PageUrls = {
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

/** Asks `account` at each link, because `identify` may have learned more since. */
export function pageUrls(
  account: () => { readonly portalId: string | null; readonly pagesUrl: string | null },
): PageUrls {
  const pageUrl = (path: (portalId: string) => string) => {
    const { portalId, pagesUrl } = account()
    return `${(pagesUrl ?? PAGES_URL).replace(/\/+$/, '')}/${path(portalId ?? '')}`
  }
  return {
    recordUrl: (objectType, recordId) => {
      const typeId = Object.hasOwn(OBJECT_TYPE_IDS, objectType) ? OBJECT_TYPE_IDS[objectType] : objectType
      return pageUrl((portalId) => `contacts/${portalId}/record/${typeId}/${encodeURIComponent(recordId)}`)
    },
    taskUrl: (taskId) => pageUrl((portalId) => `tasks/${portalId}/view/all/task/${encodeURIComponent(taskId)}`),
  }
}
