import { COMPARE } from './0001/compare.ts'
import { CONNECTIONS } from './0001/connections.ts'
import { DECISIONS } from './0001/decisions.ts'
import { EVENTS } from './0001/events.ts'
import { LEDGER } from './0001/ledger.ts'
import { PROCESSES } from './0001/processes.ts'
import { RECORDS } from './0001/records.ts'

/** The whole schema. Plain SQL, because partial indexes, triggers and storage settings are the point of most lines. */
export const STATEMENTS: readonly string[] = [
  ...CONNECTIONS,
  ...EVENTS,
  ...RECORDS,
  ...DECISIONS,
  ...LEDGER,
  ...COMPARE,
  ...PROCESSES,
]
