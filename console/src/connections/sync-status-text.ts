import type { SyncStatusReply } from '../../../src/api/sync-status/sync-status-types.ts'
import { number, plural } from '../parts/format.ts'

/** The one sentence on top: whether silence can be trusted. */
export function ledgerSays(ledger: SyncStatusReply): string {
  return [eventsSay(ledger), comparisonText(ledger), recoveredSays(ledger)].filter((part) => part !== null).join(' ')
}

function eventsSay({ total, ofDays, counting }: SyncStatusReply): string {
  const when = `of the last ${ofDays} days`
  if (counting) return `The events ${when} are still being counted.`
  if (total.received === 0) return `No event came in the last ${ofDays} days.`
  const failed = total.failed === 0 ? '' : ` ${number(total.failed)} of them could not be used.`
  if (total.waiting > 0) {
    const done = total.received - total.waiting
    return `${number(done)} of ${plural(total.received, 'event')} ${when} are accounted for, ${number(total.waiting)} under way.${failed}`
  }
  return `All ${plural(total.received, 'event')} ${when} are accounted for.${failed}`
}

function comparisonText({ check, differences }: SyncStatusReply): string {
  if (differences > 0) return `${plural(differences, 'record is', 'records are')} not in step.`
  if (check.lastFullAt === null) return 'Our records were not all compared with the CRM yet.'
  return 'Every record is in step.'
}

function recoveredSays({ total, feed }: SyncStatusReply): string | null {
  if (total.recovered === 0 || feed === 'poll') return null
  return total.recovered === 1
    ? '1 change came without an event and was found by reading.'
    : `${number(total.recovered)} changes came without an event and were found by reading.`
}
