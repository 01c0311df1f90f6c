import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/** Our part of what the CRM allows: of its calls a day, and of its calls in a short window. */
export type Shares = { readonly dayShare: number; readonly windowShare: number }

export class ShareError extends Error {
  override readonly name = 'ShareError'
  readonly code = 'SHARE'
}

/** Throws `ShareError` outside of 1 % to 100 %. Holds from the next call on, in every process. */
export async function saveShares(db: Kysely<Tables>, connectionId: string, shares: Shares): Promise<void> {
  for (const [name, share] of [
    ['the day', shares.dayShare],
    ['a burst', shares.windowShare],
  ] as const) {
    if (!(share >= 0.01 && share <= 1)) {
      throw new ShareError(`Our share of ${name} is ${share}: use a number from 0.01 (1 %) to 1 (all of it)`)
    }
  }
  await sql`
    update call_budget set day_share = ${shares.dayShare}, window_share = ${shares.windowShare},
      window_limit = greatest(1, floor(coalesce(window_whole, window_limit / window_share) * ${shares.windowShare}::real))
    where connection_id = ${connectionId}`.execute(db)
}
