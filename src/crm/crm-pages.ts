/** Where a CRM's pages for people are. Computed from what is known, without asking the CRM. */
export type CrmPages = {
  recordUrl(account: AccountPlace, objectType: string, recordId: string): string
  taskUrl(account: AccountPlace, taskId: string): string
  accountUrl(account: AccountPlace): string
}

export type AccountPlace = {
  readonly accountId: string
  readonly baseUrl: string
  /** Origin of the CRM's pages for people as it named it itself; null when it did not. */
  readonly pagesUrl?: string | null
}
