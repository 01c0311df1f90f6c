import type { Database } from '../database/database.ts'
import { createJsonLines } from './json-lines.ts'
import { type Ledger, type LedgerRow, withLedger } from './ledger.ts'

/** Names the format in the first line of an exported ledger. */
export const EXPORT_FORMAT = 'lanekeeper-ledger-1'

/** Writes the ledger to a file that `verifyExport` checks, and returns how many rows it has. Replaces an older file. */
export async function exportLedger(db: Database, file: string): Promise<number> {
  return withLedger(db, (ledger) => writeLedger(ledger, file, 'w'))
}

/** The first line names the format and the head, then each row has a line. `onRow` sees each row once it is written. */
export async function writeLedger(
  { head, rows }: Ledger,
  file: string,
  flags: 'w' | 'wx',
  onRow: (row: LedgerRow, count: number) => void = () => undefined,
): Promise<number> {
  const out = await createJsonLines(file, flags)
  await out.write({ format: EXPORT_FORMAT, head })
  let count = 0
  for await (const row of rows) {
    await out.write(row)
    onRow(row, ++count)
  }
  await out.close()
  return count
}
