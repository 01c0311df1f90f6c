/** What a CRM tells us about itself at connect. Plain facts that the store keeps and the console shows. */

export type CrmIdentity = {
  /** HubSpot portal id; Salesforce 18-character org id. */
  readonly accountId: string
  readonly title: string
  readonly timeZone: string | null
  /** The user or app that our writes appear under. */
  readonly actorId: string | null
}

export type FieldSchema = {
  readonly name: string
  readonly label: string
  readonly type: 'text' | 'number' | 'boolean' | 'instant' | 'day' | 'picklist' | 'multi-picklist' | 'reference'
  readonly options: readonly string[]
  readonly writable: boolean
}

export type ObjectSchema = { readonly objectType: string; readonly fields: readonly FieldSchema[] }

/** Whether the CRM itself refuses a second task with the same key, in which field, and why not. */
export type TaskKeySupport = { readonly enforced: boolean; readonly field: string | null; readonly why: string }
