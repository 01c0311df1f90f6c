import { EXCEPTION_CLASSES } from '../../classes/class.ts'
import type { Guards } from '../policy.ts'
import type { Change } from './change.ts'
import { isSame } from './rows.ts'

/** Deadlines, room for tasks, and from which amount on somebody approved looks. */
export function limitChanges(from: Guards, to: Guards): Change[] {
  const changes: Change[] = []
  const add = (name: string, says: string) =>
    changes.push({ part: 'limits', kind: 'changed', name, says, reach: 'other' })
  for (const name of EXCEPTION_CLASSES) {
    const [old, now] = [from.deadlineMinutes[name], to.deadlineMinutes[name]]
    if (old !== now) add(`deadline ${name}`, `Deadline of ${name} cases: ${minutes(now)} (was ${minutes(old)}).`)
  }
  if (from.capacity !== to.capacity) {
    add('capacity', `Open tasks that one reviewer may hold: ${to.capacity} (was ${from.capacity}).`)
  }
  if (from.revenueThreshold !== to.revenueThreshold || from.revenueCurrency !== to.revenueCurrency) {
    add('revenue threshold', `Open pipeline that makes a case revenue-impacting: ${amount(to)} (was ${amount(from)}).`)
  }
  if (!isSame(from.loops, to.loops)) {
    add('loops', `An owner that changes in turn is held: ${loops(to)} (was ${loops(from)}).`)
  }
  return changes
}

function minutes(count: number): string {
  return count % 60 === 0 ? `${count / 60} business hours` : `${count} business minutes`
}

function amount({ revenueThreshold, revenueCurrency }: Guards): string {
  return `${revenueThreshold}${revenueCurrency === undefined ? '' : ` ${revenueCurrency}`}`
}

function loops({ loops: setting }: Guards): string {
  if (setting === undefined) return 'as shipped'
  return `after ${setting.alternations} turns within ${setting.withinHours} hours`
}
