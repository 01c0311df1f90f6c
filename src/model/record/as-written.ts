import type { CrmRecord } from './crm-record.ts'

/** An owner that we wrote, or would write, into a field of the record. */
export type WrittenOwner = {
  readonly field: string
  readonly to: string
  /** When it was written, by our clock. */
  readonly atMs: number
}

/** The record as the write of an owner leaves it: one more change of the owner, as old as the write. */
export function asWritten(record: CrmRecord, { field, to, atMs }: WrittenOwner): CrmRecord {
  const stamp = { atMs, order: 0 }
  return {
    ...record,
    values: { ...record.values, [field]: to },
    stamps: { ...record.stamps, [field]: stamp },
    ownerHistory: [...record.ownerHistory, { ...stamp, owner: to }],
  }
}
