import type { ConnectionId } from '../../../model/record/change-event.ts'
import type { CrmUser } from '../../../model/record/crm-user.ts'
import { longId } from '../http/record-id.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { everyRow, type Row, text } from '../rest/query.ts'
import { soqlIds } from '../rest/soql.ts'
import { readFrozenLogins } from './frozen-logins.ts'

/** Not people: their e-mail is somebody else's or nobody's, so they hold no job and are nobody's double. */
const SYSTEM_USERS: ReadonlySet<string> = new Set(['AutomatedProcess', 'CloudIntegrationUser', 'Guest'])

const FIELDS = ['Email', 'Name', 'IsActive', 'TimeZoneSidKey', 'UserType']

/** All users, or those of these ids. */
export async function readPeople(
  call: SalesforceCall,
  connectionId: ConnectionId,
  ids: readonly string[] | null,
): Promise<CrmUser[]> {
  const where = ids === null ? {} : { where: `Id IN ${soqlIds(ids)}` }
  const rows = await everyRow(call, { fields: FIELDS, from: 'User', ...where })
  const frozen = rows.length === 0 ? null : await readFrozenLogins(call)
  return rows.flatMap((row) => readPerson(row, connectionId, frozen))
}

function readPerson(row: Row, connectionId: ConnectionId, frozen: ReadonlySet<string> | null): CrmUser[] {
  const userId = longId(text(row.Id) ?? '')
  if (userId === null) return []
  const isFrozen = frozen === null ? null : frozen.has(userId)
  const isSystem = SYSTEM_USERS.has(text(row.UserType) ?? '')
  return [
    {
      connectionId,
      userId,
      kind: 'person',
      email: isSystem ? null : (text(row.Email)?.trim().toLowerCase() ?? null),
      name: text(row.Name) ?? userId,
      active: row.IsActive === true && isFrozen !== true,
      frozen: isFrozen,
      activeMembers: 0,
      timeZone: text(row.TimeZoneSidKey),
    },
  ]
}
