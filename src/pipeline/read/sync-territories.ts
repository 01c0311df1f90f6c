import type { CrmTerritory } from '../../crm/crm-territories.ts'
import { territoryName } from '../../model/matching/territory-name.ts'
import { mergePeople } from '../../model/people/company-directory.ts'
import type { Territory } from '../../model/policy/policy.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import { type CompanyPeople, linkedEmails } from '../../model/record/company-people.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import type { CrmUser } from '../../model/record/crm-user.ts'
import type { Database } from '../../store/database/database.ts'
import { stageLock } from '../../store/database/locks.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { listUsers, saveTerritoriesOf } from '../../store/decisions/people.ts'
import { peopleInForce } from '../../store/decisions/policies.ts'
import { askForUsers } from '../../store/decisions/user-checks.ts'
import { endNotice, listNotices, raiseNotice } from '../../store/notices/notices.ts'
import { peopleLock } from './sync-people.ts'

/** Change events do not carry territories, so they are polled. Admins change them by hand and rarely. */
export const TERRITORIES_EVERY_MS = 60 * 60_000

const CODE = 'territory-members'
/** An org has dozens of territories; more differences than this have one cause, and one notice each would hide it. */
const SHOWN_MAX = 50

export type TerritoryDifference = {
  readonly territory: string
  readonly title: string
  /** E-mails of active members that only the CRM lists, and of members that only the table lists. */
  readonly onlyInCrm: readonly string[]
  readonly onlyInTable: readonly string[]
}

/**
 * Compares our territory table with the territories of the org. Lanekeeper cannot know which of the two is right, so the
 * table decides and each difference is a notice until both agree. Null: the org does not use territory management.
 */
export async function syncTerritories(deps: {
  readonly db: Database
  readonly connection: { readonly id: ConnectionId; readonly crm: Crm }
  readonly territories: () => Promise<CrmTerritory[] | null>
  readonly table: readonly Territory[]
}): Promise<readonly TerritoryDifference[] | null> {
  const { db, connection, table } = deps
  const connectionId = connection.id
  const { title } = crmProfile(connection.crm)
  const inCrm = await deps.territories()
  const users = (await listUsers(db)).filter((user) => user.connectionId === connectionId)
  const known = new Set(users.map(({ userId }) => userId))
  const unknown = [...new Set((inCrm ?? []).flatMap(({ memberIds }) => memberIds ?? []))].filter((id) => !known.has(id))
  await askForUsers(
    db,
    unknown.map((userId) => ({ connectionId, userId })),
  )
  await inTransaction(db, async (trx) => {
    await stageLock(trx, peopleLock(connectionId))
    await saveTerritoriesOf(trx, connectionId, inCrm)
  })
  const { persons } = mergePeople(await peopleInForce(db))
  const { differences: all, undecided } = territoryDifferences(table, inCrm ?? [], users, persons)
  const differences = all.slice(0, SHOWN_MAX)
  const open = await listNotices(db, { connectionId, limit: 1_000 })
  for (const difference of differences) {
    await raiseNotice(db, {
      connectionId,
      code: CODE,
      subject: difference.territory,
      level: 'info',
      message: sentence(difference, title),
      remedy: `Correct the territory in ${title}, or ${difference.territory} in territories.yaml. Until then, territories.yaml decides.`,
    })
  }
  const stillDiffers = new Set(differences.map(({ territory }) => territory))
  for (const { code, subject, endedAt } of open) {
    if (code !== CODE || endedAt !== null || stillDiffers.has(subject) || undecided.has(subject)) continue
    await endNotice(db, {
      connectionId,
      code,
      subject,
      message: `${title} and territories.yaml list the same members.`,
    })
  }
  return inCrm === null ? null : differences
}

/**
 * A territory of the org matches the table's where its name or developer name is the table's id or title. `undecided`: the
 * CRM does not show who works it, or one of its members is somebody of whom nothing is known yet.
 */
export function territoryDifferences(
  table: readonly Territory[],
  inCrm: readonly CrmTerritory[],
  users: readonly CrmUser[],
  /** The several e-mails of one person. */
  persons: CompanyPeople['persons'] = [],
): { readonly differences: TerritoryDifference[]; readonly undecided: ReadonlySet<string> } {
  const known = new Set(users.map(({ userId }) => userId))
  const undecided = new Set<string>()
  const emailOf = new Map(users.flatMap((u) => (u.active && u.email !== null ? [[u.userId, u.email] as const] : [])))
  const isAmong = (list: { has(email: string): boolean }, email: string) =>
    linkedEmails({ persons }, email).some((one) => list.has(one))
  const differences = table.flatMap(({ territory, title, members }) => {
    const names = new Set([territoryName(territory), territoryName(title)])
    const same = inCrm.filter(
      (one) => names.has(territoryName(one.name)) || names.has(territoryName(one.developerName ?? '')),
    )
    if (same.length === 0) return []
    if (same.some(({ memberIds }) => memberIds === null || memberIds.some((id) => !known.has(id)))) {
      undecided.add(territory)
      return []
    }
    const memberIds = same.flatMap((one) => one.memberIds ?? [])
    const working = new Set(memberIds.flatMap((id) => emailOf.get(id) ?? []))
    const listed = new Set(members)
    const onlyInCrm = [...working].filter((email) => !isAmong(listed, email)).sort()
    const onlyInTable = members.filter((email) => !isAmong(working, email)).toSorted()
    return onlyInCrm.length + onlyInTable.length === 0 ? [] : [{ territory, title, onlyInCrm, onlyInTable }]
  })
  return { differences, undecided }
}

function sentence({ title, onlyInCrm, onlyInTable }: TerritoryDifference, crm: string): string {
  const parts = [
    onlyInCrm.length > 0 ? `only ${crm} lists ${onlyInCrm.join(', ')}` : '',
    onlyInTable.length > 0 ? `only territories.yaml lists ${onlyInTable.join(', ')}` : '',
  ]
  return `The members of territory ${title} differ: ${parts.filter(Boolean).join('; ')}.`
}
