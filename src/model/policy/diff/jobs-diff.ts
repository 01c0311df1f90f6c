import { together } from '../../rules/render.ts'
import type { PolicyOwners } from '../policy.ts'
import type { Change } from './change.ts'
import { isSame } from './rows.ts'

const JOBS = {
  override: 'Overrides an outcome',
  rollback: 'Pauses and rolls back',
  boundary: 'Decides where rules win',
  data: 'Watches the data',
  workflow: 'Answers for the outcome',
} as const

const CIRCLES = {
  general: 'Reviews',
  senior: 'Reviews what touches customers',
  approved: 'Reviews what touches revenue',
} as const

export function jobChanges(from: PolicyOwners, to: PolicyOwners): Change[] {
  const changes: Change[] = []
  const add = (name: string, says: string) =>
    changes.push({ part: 'jobs', kind: 'changed', name, says, reach: 'other' })
  for (const [job, label] of Object.entries(JOBS) as [keyof typeof JOBS, string][]) {
    if (from[job] !== to[job]) add(job, `${label}: ${to[job]} (was ${from[job]}).`)
  }
  for (const [circle, label] of Object.entries(CIRCLES) as [keyof typeof CIRCLES, string][]) {
    const [old, now] = [from.reviewers[circle], to.reviewers[circle]]
    if (!isSame(old, now))
      add(`reviewers ${circle}`, `${label}: ${together(now)}, in this order (was ${together(old)}).`)
  }
  const days = new Set([...Object.keys(from.accepted), ...Object.keys(to.accepted)])
  for (const email of [...days].sort()) {
    const [old, now] = [from.accepted[email], to.accepted[email]]
    if (old === now) continue
    const says =
      now === undefined
        ? `${email} is no longer noted as having accepted.`
        : `${email} accepted on ${now}${old === undefined ? '' : ` (was ${old})`}.`
    add(`accepted ${email}`, says)
  }
  return changes
}
