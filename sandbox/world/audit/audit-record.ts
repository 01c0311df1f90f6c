/** A contact, company, lead or account with what the audit reads of it. */
export type AuditRecord = {
  readonly crm: 'hubspot' | 'salesforce'
  readonly object: string
  readonly id: string
  readonly createdAtMs: number
  readonly values: Readonly<Record<string, string | null>>
  /** Oldest first. Empty where the CRM keeps no history. */
  readonly ownerChangesAtMs: readonly { readonly owner: string; readonly atMs: number }[]
  /** When a field last changed. Absent: unknown. */
  readonly changedAtMs: Readonly<Record<string, number>>
}

export type AuditPerson = { readonly email: string; readonly active: boolean }

export type AuditPeople = {
  /** People and queues by owner id; of a queue only the number of its active members. */
  readonly hubspot: ReadonlyMap<string, AuditPerson>
  readonly salesforce: ReadonlyMap<string, AuditPerson | { readonly queue: number }>
}

export type AuditState = { readonly records: readonly AuditRecord[]; readonly people: AuditPeople }

/** What the audit reads of each object, in that CRM's field names. */
export const OBJECTS = {
  contacts: {
    owner: 'hubspot_owner_id',
    country: 'country',
    territory: 'territory',
    phones: ['phone', 'mobilephone'],
    names: ['firstname', 'lastname'],
    email: 'email',
    person: true,
  },
  companies: {
    owner: 'hubspot_owner_id',
    country: 'country',
    territory: 'territory',
    phones: ['phone'],
    names: ['name'],
    email: null,
    person: false,
  },
  Lead: {
    owner: 'OwnerId',
    country: 'Country',
    territory: 'Territory__c',
    phones: ['Phone', 'MobilePhone'],
    names: ['FirstName', 'LastName'],
    email: 'Email',
    person: true,
  },
  Contact: {
    owner: 'OwnerId',
    country: 'MailingCountry',
    territory: null,
    phones: ['Phone', 'MobilePhone'],
    names: ['FirstName', 'LastName'],
    email: 'Email',
    person: true,
  },
  Account: {
    owner: 'OwnerId',
    country: 'BillingCountry',
    territory: 'Territory__c',
    phones: ['Phone'],
    names: ['Name'],
    email: null,
    person: false,
  },
} as const
export type ObjectName = keyof typeof OBJECTS

export function isBlank(text: string | null | undefined): boolean {
  return (text ?? '').trim() === ''
}
