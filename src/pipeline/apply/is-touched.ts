import { crmProfile } from '../../model/record/crm-profile.ts'
import type { CrmRecord } from '../../model/record/crm-record.ts'
import type { Folded } from '../../model/record/fold/fold.ts'
import { isEcho, type OwnWrites } from './own-write-echo.ts'

/**
 * Whether these events tell that the record changed in the CRM, or only that we know more of it than before: a field that is
 * read for the first time, as a policy asks for it now, is no change, and neither is the echo of our own write. What a new
 * version wants of a record that did not change waits for its turn (decide/hold-backlog.ts).
 */
export function isTouched(before: CrmRecord | null, { record, outcomes }: Folded, written: OwnWrites): boolean {
  const news = outcomes.filter(({ event, outcome }) => outcome === 'applied' && !isEcho(event, written))
  if (news.length === 0) return false
  // These tell of a change; a poll and an import show how things are.
  if (news.some(({ event }) => event.source === 'webhook' || event.source === 'stream')) return true
  if (before === null) return news.some(({ event }) => event.source !== 'baseline')
  if (before.deleted !== record.deleted || before.mergedInto !== record.mergedInto) return true
  const { bookkeepingFields } = crmProfile(record.crm)
  return Object.keys(before.values).some(
    (field) => !bookkeepingFields.includes(field) && (before.values[field] ?? null) !== (record.values[field] ?? null),
  )
}
