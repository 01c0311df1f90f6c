import { HUBSPOT_PAGES } from '../pages.ts'

/** Pages of one account that people open. */
export type PageUrls = {
  recordUrl(objectType: string, recordId: string): string
  taskUrl(taskId: string): string
}

const PAGES_URL = 'https://app.hubspot.com'

/** Asks `account` at each link, because `identify` may have learned more since. */
export function pageUrls(
  account: () => { readonly portalId: string | null; readonly pagesUrl: string | null },
): PageUrls {
  const place = () => {
    const { portalId, pagesUrl } = account()
    const origin = (pagesUrl ?? PAGES_URL).replace(/\/+$/, '')
    return { accountId: portalId ?? '', baseUrl: origin, pagesUrl: origin }
  }
  return {
    recordUrl: (objectType, recordId) => HUBSPOT_PAGES.recordUrl(place(), objectType, recordId),
    taskUrl: (taskId) => HUBSPOT_PAGES.taskUrl(place(), taskId),
  }
}
