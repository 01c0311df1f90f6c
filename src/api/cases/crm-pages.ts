import type { CrmPages } from '../../crm/crm-pages.ts'
import { adapterOf } from '../../crm/registry.ts'
import type { Crm } from '../../model/record/change-event.ts'
import { isKnownCrm } from '../../model/record/crm-profile.ts'
import type { CrmLinks } from './crm-links.ts'

/** Links to the CRMs' own pages, as each adapter knows them. */
export const CRM_PAGES: CrmLinks = {
  recordUrl: (connection, objectType, recordId) =>
    pagesOf(connection)?.recordUrl(connection, objectType, recordId) ?? null,
  taskUrl: (connection, taskId) => pagesOf(connection)?.taskUrl(connection, taskId) ?? null,
  accountUrl: (connection) => pagesOf(connection)?.accountUrl(connection) ?? null,
}

/** Null: this version has no adapter for the CRM, so it knows no page of it. */
function pagesOf({ crm }: { readonly crm: Crm }): CrmPages | null {
  return isKnownCrm(crm) ? adapterOf(crm).pages : null
}
