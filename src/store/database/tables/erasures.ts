import type { Generated } from 'kysely'
import type { InstantDefault } from './column-types.ts'

export type RecordTraceTable = {
  connection_id: string
  object_type: string
  record_id: string
  kind: 'exception' | 'task' | 'ledger'
  row_id: number
}

export type ErasureDueTable = {
  connection_id: string
  object_type: string
  record_id: string
  due_at: InstantDefault
  passes: Generated<number>
}
