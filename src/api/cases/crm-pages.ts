import { adapterOf } from '../../crm/registry.ts'
import type { CrmLinks } from './crm-links.ts'

/** Links to the CRMs' own pages, as each adapter knows them. */
export const CRM_PAGES: CrmLinks = {
  recordUrl: (connection, objectType, recordId) =>
    adapterOf(connection.crm).pages.recordUrl(connection, objectType, recordId),
  taskUrl: (connection, taskId) => adapterOf(connection.crm).pages.taskUrl(connection, taskId),
  accountUrl: (connection) => adapterOf(connection.crm).pages.accountUrl(connection),
}
