import type { CrmRecord } from './crm-record.ts'

/** What `decide` may look at besides the record itself. Read by the shell in one batch. */
export type Neighbours = {
  /** The account that the record refers to, or for a lead the one account that owns its domain. */
  readonly account: CrmRecord | null
  /** Open and closed deals of that account, or of the record itself when it is an account. */
  readonly deals: readonly CrmRecord[]
  /** The CRM does not let us read deals at all, so there may be others, worth anything. */
  readonly dealsHidden?: true
  readonly matches: readonly Match[]
}

/** Another live record that shares a match key with the one being decided. */
export type Match = {
  readonly record: CrmRecord
  /** The shared keys, `email:jane@acme.com`, `domain:acme.com`, `phone:+4930123456`, and how many records hold each. */
  readonly keys: readonly { readonly key: string; readonly holders: number }[]
}
