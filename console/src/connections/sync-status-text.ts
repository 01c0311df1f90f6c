import type { SyncStatusReply } from '../../../src/api/sync-status/sync-status-types.ts'
import { number, plural } from '../parts/format.ts'

/** The sentence on top: whether every change arrived and all records match. */
export function syncSummary(status: SyncStatusReply): string {
  return [changesPart(status), recordsPart(status), missedPart(status)].filter((part) => part !== null).join(' ')
}

function changesPart({ total, ofDays, counting }: SyncStatusReply): string {
  const when = `in the last ${ofDays} days`
  if (counting) return `Still counting the changes received ${when}.`
  if (total.received === 0) return `No changes received ${when}.`
  const failed = total.failed === 0 ? '' : ` ${number(total.failed)} failed.`
  if (total.waiting > 0) {
    const done = total.received - total.waiting
    return `Processed ${number(done)} of ${plural(total.received, 'change')} received ${when}, ${number(total.waiting)} in progress.${failed}`
  }
  return `Processed all ${plural(total.received, 'change')} received ${when}.${failed}`
}

function recordsPart({ check, differences }: SyncStatusReply): string {
  if (differences > 0) return `${plural(differences, 'record is', 'records are')} out of sync.`
  if (check.lastFullAt === null) return 'Not all records have been compared with the CRM yet.'
  return 'All records match.'
}

function missedPart({ total, feed }: SyncStatusReply): string | null {
  if (total.recovered === 0 || feed === 'poll') return null
  const missed = feed === 'push' ? 'Missed webhooks' : 'Missed change events'
  return `${missed}: ${plural(total.recovered, 'change')} found by polling.`
}
