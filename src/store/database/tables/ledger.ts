import type { Generated } from 'kysely'
import type { Instant } from './column-types.ts'

export type LedgerTable = {
  seq: number
  at: Instant
  kind: string
  actor: string
  subject: string
  body: string | null
  body_hash: Buffer
  prev_hash: Buffer
  hash: Buffer
}

export type LedgerHeadTable = { one: Generated<boolean>; seq: number; hash: Buffer }
