import type { CrmRecord } from './crm-record.ts'
import type { MissingInput, Unknown } from './knowledge.ts'

/** What `decide` may look at besides the record itself. Read by the shell in one batch. */
export type Neighbours = {
  /**
   * The account that the record refers to, or for a lead the one account that owns its domain. Null: there is none.
   * Unknown: there may be one that we have not read, or are not shown.
   */
  readonly account: CrmRecord | Unknown | null
  /** Open and closed deals of that account, or of the record itself when it is an account. */
  readonly deals: readonly CrmRecord[]
  /** There may be other deals, worth anything. Absent: these are all. */
  readonly dealsUnknown?: Unknown
  readonly matches: readonly Match[]
  /** What other records could be found by and we cannot see, so that there may be other matches. Absent: nothing. */
  readonly unseenKeys?: readonly MissingInput[]
}

/** Another live record that shares a match key with the one being decided. */
export type Match = {
  readonly record: CrmRecord
  /** The shared keys, `email:jane@acme.com`, `domain:acme.com`, `phone:+4930123456`, and how many records hold each. */
  readonly keys: readonly { readonly key: string; readonly holders: number }[]
}
