import { crmProfile } from '../../model/record/crm-profile.ts'
import { TERRITORIES } from '../../model/record/territories-field.ts'
import { endNotice, listNotices, raiseNotice } from '../../store/notices/notices.ts'
import type { AssignmentDependencies } from './assignment-poll.ts'

const CODE = 'territories-not-shown'

/** Keeps a notice open while a policy needs territory assignments and the CRM shows none. */
export async function noteWhetherShown({ db, connection }: AssignmentDependencies, isShown: boolean): Promise<void> {
  const { title } = crmProfile(connection.crm)
  const which = { connectionId: connection.id, code: CODE }
  if (isShown) {
    await endNotice(db, { ...which, message: `${title} shows which territories records are assigned to.` })
    return
  }
  const open = await listNotices(db, { connectionId: connection.id, limit: 1_000 })
  if (open.some(({ code, endedAt }) => code === CODE && endedAt === null)) return
  await raiseNotice(db, {
    ...which,
    level: 'info',
    message: `A policy uses ${TERRITORIES}, but ${title} shows no territory assignments. Cases that need them are decided by the owner alone, or not at all.`,
    remedy: `If you use Sales Territories, give the integration user access to them. If not, replace ${TERRITORIES} in the policy with a field of the record.`,
  })
}
