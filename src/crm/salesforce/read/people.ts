import { personEmail } from '../../../model/matching/person-email.ts'
import type { ConnectionId } from '../../../model/record/change-event.ts'
import type { CrmUser } from '../../../model/record/crm-user.ts'
import { longId } from '../http/record-id.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { type Row, text } from '../rest/query.ts'
import { soqlIds } from '../rest/soql.ts'
import { readFrozenLogins } from './frozen-logins.ts'
import { isIntegration, readUserRows } from './integration-users.ts'
import { productionEmails } from './sandbox-emails.ts'

/** Not people: they hold no job, are nobody's double, and nobody works what they own. */
const SYSTEM_USERS: ReadonlySet<string> = new Set(['AutomatedProcess', 'CloudIntegrationUser', 'Guest'])

const FIELDS = ['Email', 'Name', 'IsActive', 'TimeZoneSidKey', 'UserType']

/** All users, or those of these ids. */
export async function readPeople(
  call: SalesforceCall,
  connectionId: ConnectionId,
  ids: readonly string[] | null,
): Promise<CrmUser[]> {
  const where = ids === null ? {} : { where: `Id IN ${soqlIds(ids)}` }
  const rows = await readUserRows(call, FIELDS, where)
  if (rows.length === 0) return []
  const frozen = await readFrozenLogins(call)
  const emails = rows.map(emailOf)
  const inProduction = await productionEmails(call, emails)
  return rows.flatMap((row, n) => {
    const email = emails[n] ?? null
    return readPerson(row, connectionId, { frozen, email: email && inProduction(email) })
  })
}

/** Those who are no people have somebody else's e-mail or nobody's. */
function emailOf(row: Row): string | null {
  const email = text(row.Email)
  return isSystem(row) || email === null ? null : personEmail(email)
}

function isSystem(row: Row): boolean {
  return SYSTEM_USERS.has(text(row.UserType) ?? '')
}

type Known = {
  readonly frozen: ReadonlySet<string> | null
  readonly email: string | null
}

function readPerson(row: Row, connectionId: ConnectionId, { frozen, email }: Known): CrmUser[] {
  const userId = longId(text(row.Id) ?? '')
  if (userId === null) return []
  const isFrozen = frozen === null ? null : frozen.has(userId)
  return [
    {
      connectionId,
      userId,
      kind: 'person',
      email,
      name: text(row.Name) ?? userId,
      active: row.IsActive === true && isFrozen !== true,
      frozen: isFrozen,
      integration: isSystem(row) || isIntegration(row),
      activeMembers: 0,
      timeZone: text(row.TimeZoneSidKey),
    },
  ]
}
