import { CrmUnknownError } from '../../crm-client.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { query, type Row, text } from '../rest/query.ts'

/** The org's own values for task status and priority. Never hard-coded: admins rename them. */
export type TaskPicklists = {
  readonly open: string
  readonly done: string
  readonly high: string
  readonly normal: string
}

export async function readTaskPicklists(call: SalesforceCall): Promise<TaskPicklists> {
  const statuses = await query(
    call,
    'SELECT Id, ApiName, MasterLabel, SortOrder, IsDefault, IsClosed FROM TaskStatus ORDER BY SortOrder LIMIT 200',
  )
  const priorities = await query(
    call,
    'SELECT Id, ApiName, MasterLabel, SortOrder, IsDefault, IsHighPriority FROM TaskPriority ORDER BY SortOrder LIMIT 200',
  )
  const open = first(statuses.rows, (row) => row.IsClosed === false)
  const done = first(statuses.rows, (row) => row.IsClosed === true)
  const normal = first(priorities.rows, (row) => row.IsHighPriority === false)
  if (open === null || done === null || normal === null) {
    throw new CrmUnknownError('The org lists no open status, no closed status or no normal priority for tasks')
  }
  return { open, done, normal, high: first(priorities.rows, (row) => row.IsHighPriority === true) ?? normal }
}

/** The org's default where it qualifies, else the first in the order of the picklist. */
function first(rows: readonly Row[], fits: (row: Row) => boolean): string | null {
  const fitting = rows.filter(fits)
  const row = fitting.find((candidate) => candidate.IsDefault === true) ?? fitting[0]
  return text(row?.ApiName) ?? text(row?.MasterLabel)
}
