import type { CrmRecord } from './crm-record.ts'
import type { MissingInput, Unknown } from './knowledge.ts'

/** What `decide` may look at besides the record itself. Read by the shell in one batch. */
export type Neighbours = {
  /**
   * The account that the record refers to, or for a lead the account that owns its domain. Null: there is none.
   * Unknown: there may be one that we have not read, or are not shown.
   */
  readonly account: CrmRecord | Unknown | null
  /** Where `account` is unknown: it is surely one of these, and what they agree on is known. Absent: it may be any. */
  readonly accountCandidates?: readonly CrmRecord[]
  /**
   * Deals of that account, of every candidate, or of the record itself when it is an account. Those that add no open money
   * may be left out.
   */
  readonly deals: readonly CrmRecord[]
  /** There may be other deals, worth anything. Absent: these are all. */
  readonly dealsUnknown?: Unknown
  readonly matches: readonly Match[]
  /**
   * Accounts beside `account` that have the domain of the record, in whichever CRM: its company may be a customer, or have
   * open deals, by any of them. Absent: there are none.
   */
  readonly sameDomain?: SameDomain
  /**
   * Where the record is an account: by `refKey`, what is stored of the accounts above it and above its matches. One that is
   * named and not here was never read. Absent: none.
   */
  readonly ancestors?: ReadonlyMap<string, CrmRecord>
  /** What other records could be found by and we cannot see, so that there may be other matches. Absent: nothing. */
  readonly unseenKeys?: readonly MissingInput[]
}

export type SameDomain = {
  readonly accounts: readonly { readonly account: CrmRecord; readonly deals: readonly CrmRecord[] }[]
  /** There may be more of them. Absent: these are all. */
  readonly unknown?: Unknown
  /** There may be other deals of them. Absent: these are all. */
  readonly dealsUnknown?: Unknown
}

/** Another live record that shares a match key with the one being decided. */
export type Match = {
  readonly record: CrmRecord
  /** The shared keys, `email:jane@acme.com`, `domain:acme.com`, `phone:+4930123456`, and how many records hold each. */
  readonly keys: readonly { readonly key: string; readonly holders: number }[]
}
