import type { DayResets } from './crm-profile.ts'

/** What a CRM tells us about itself at connect. Plain facts that the store keeps and the console shows. */

export type CrmIdentity = {
  /** The CRM's id of the customer's installation: portal id, org id. */
  readonly accountId: string
  readonly title: string
  readonly timeZone: string | null
  /** The user or app that our writes appear under. */
  readonly actorId: string | null
  /** That user or app as people know it: an e-mail, a user name, "app 9180042". Null where the CRM does not say. */
  readonly actorName: string | null
  /** In the CRM's words: "Enterprise Edition", "STANDARD", "SANDBOX". */
  readonly edition: string | null
  /** Origin of the CRM's pages for people. Null: the CRM does not say. */
  readonly pagesUrl: string | null
  /** ISO 4217, of amounts that name no currency. Absent or null: the CRM does not say. */
  readonly homeCurrency?: string | null
}

export type FieldSchema = {
  readonly name: string
  readonly label: string
  readonly type: 'text' | 'number' | 'boolean' | 'instant' | 'day' | 'picklist' | 'multi-picklist' | 'reference'
  readonly options: readonly string[]
  readonly writable: boolean
  /** A number of money, which has a currency where the CRM has several. */
  readonly isAmount?: true
  /** The CRM itself refuses a new record without it. Absent: it does not, or does not say. */
  readonly isRequired?: true
}

export type ObjectSchema = {
  readonly objectType: string
  readonly fields: readonly FieldSchema[]
  /** ISO 4217: in which an amount is that names no currency. Absent: the description of this object does not say. */
  readonly homeCurrency?: string
}

/** Whether the CRM itself refuses a second task with the same key, in which field, and why not. */
export type TaskKeySupport = { readonly enforced: boolean; readonly field: string | null; readonly why: string }

/** One thing that we need from a CRM, tried by a real call. */
export type AccessCheck = {
  /** Stable: `read/contacts`, `write-owner/Lead`, `stream`. */
  readonly id: string
  /** For people: "Read contacts". */
  readonly title: string
  /** `unknown`: the CRM gave no usable answer; never taken for "works". */
  readonly state: 'works' | 'missing' | 'unknown'
  /** `required`: without it there is no connection. `needed`: something named in `costs` is lost. */
  readonly need: 'required' | 'needed' | 'optional'
  /** What does not work without it, one sentence. */
  readonly costs: string
  /** Where an admin grants it, one sentence; null when it works. */
  readonly grant: string | null
  /** The CRM's own words when it refused. */
  readonly said: string | null
}

export type AccessFindings = {
  readonly identity: CrmIdentity
  readonly checks: readonly AccessCheck[]
  /** Per object, which of the fields that the policies need we cannot read: no permission or no such field. */
  readonly objects: readonly {
    readonly objectType: string
    readonly fields: number
    readonly unreadable: readonly string[]
  }[]
  /** The CRM's published limits as it states them itself; null where it states none. */
  readonly limits: {
    readonly usedToday: number
    readonly limitToday: number
    readonly resets: DayResets
    readonly window: { readonly ms: number; readonly limit: number } | null
  } | null
  /** For a CRM that sends change events of a few objects only: which are taken, and which of ours are missing. Null: no such limit. */
  readonly streamSlots: {
    readonly max: number
    readonly taken: readonly string[]
    readonly missing: readonly string[]
  } | null
}
