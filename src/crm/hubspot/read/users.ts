import type { PublicOwner } from '@hubspot/api-client/lib/codegen/crm/owners/models/PublicOwner.js'
import { personEmail } from '../../../model/matching/person-email.ts'
import type { ConnectionId } from '../../../model/record/change-event.ts'
import type { CrmUser } from '../../../model/record/crm-user.ts'
import { storable } from '../../../model/record/storable-text.ts'
import type { HubSpotHttp } from '../http/call.ts'
import { idOf, nextPageOf, resultsOf, textOf } from '../http/json-value.ts'
import type { HubSpotPaths } from '../http/paths.ts'
import type { AnswerOf } from '../http/wire.ts'

// 100 owners a page: room for 20,000, far above the seats of any portal; ends a list that never ends.
const PAGES_MAX = 200

/**
 * Everyone who can own a record. Records keep the ids of archived owners, which the default list leaves out, so both
 * lists are read. An archived owner left the company; an owner in neither list was deleted.
 */
export async function readUsers(
  http: HubSpotHttp,
  paths: HubSpotPaths,
  connectionId: ConnectionId,
): Promise<CrmUser[]> {
  const users = new Map<string, CrmUser>()
  for (const archived of [true, false]) {
    let after: string | null = null
    for (let page = 1; page <= PAGES_MAX; page += 1) {
      const attempt = `list ${archived ? 'archived ' : ''}owners`
      const { body } = await http({
        kind: 'read',
        method: 'GET',
        path: paths.owners,
        query: { limit: '100', archived: String(archived), ...(after === null ? {} : { after }) },
        attempt,
      })
      for (const owner of resultsOf(body, attempt)) {
        const user = crmUser(owner, archived, connectionId)
        // Active ones come second: someone archived and taken back counts as active.
        if (user !== undefined) users.set(user.userId, user)
      }
      after = nextPageOf(body)
      if (after === null) break
    }
  }
  return [...users.values()]
}

export function crmUser(
  owner: AnswerOf<PublicOwner>,
  archived: boolean,
  connectionId: ConnectionId,
): CrmUser | undefined {
  const userId = idOf(owner.id)
  if (userId === undefined) return undefined
  const kind = owner.type === 'QUEUE' ? 'queue' : 'person'
  const active = !archived && owner.archived !== true
  const email = personEmail(storable(textOf(owner.email)))
  const name = [owner.firstName, owner.lastName]
    .map((part) => storable(textOf(part)).trim())
    .filter(Boolean)
    .join(' ')
  return {
    connectionId,
    userId,
    // An archived owner has none; the other one stays.
    loginId: idOf(owner.userId ?? owner.userIdIncludingInactive) ?? null,
    kind,
    email: kind === 'queue' || email === '' ? null : email,
    name: name || email || `${kind === 'queue' ? 'Queue' : 'Owner'} ${userId}`,
    active,
    // HubSpot does not say who works a queue. Calling it empty would report every record in it as ownerless, so an
    // active queue counts as worked.
    activeMembers: kind === 'queue' && active ? 1 : 0,
    timeZone: null,
  }
}
