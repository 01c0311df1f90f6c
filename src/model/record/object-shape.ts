import type { Crm } from './change-event.ts'

/**
 * Where each watched object keeps the facts that the patterns speak of. The names are the vendors' own default
 * fields, so this table is true of every portal and org; custom fields come from the policy.
 */
export type ObjectShape = {
  /** Singular, for sentences: "contact", "lead". */
  readonly noun: string
  /** Person-like records are matched by e-mail and phone, account-like ones by domain and phone. */
  readonly about: 'person' | 'account' | 'deal' | 'task'
  readonly owner: string
  readonly name: readonly string[]
  readonly email: string | null
  readonly phones: readonly string[]
  /** Web site or domain of the account. */
  readonly domain: string | null
  readonly companyName: string | null
  readonly country: string | null
  /** How many people the account employs: what "size" means in routing. */
  readonly employees: string | null
  /** Reference to the account this record belongs to. */
  readonly account: string | null
  /** Reference to the parent account. */
  readonly parent: string | null
  readonly createdAt: string
  readonly modifiedAt: string
  /** Money still to be won, with what says that the deal is closed. */
  readonly amount: string | null
  readonly closedFlag: string | null
  /** The field and the values that make an account an existing customer. */
  readonly customer: { readonly field: string; readonly values: readonly string[] } | null
}

const SHAPES: Readonly<Record<Crm, Readonly<Record<string, ObjectShape>>>> = {
  hubspot: {
    contacts: {
      noun: 'contact',
      about: 'person',
      owner: 'hubspot_owner_id',
      name: ['firstname', 'lastname'],
      email: 'email',
      phones: ['phone', 'mobilephone'],
      domain: null,
      companyName: 'company',
      country: 'country',
      employees: null,
      account: 'associatedcompanyid',
      parent: null,
      createdAt: 'createdate',
      modifiedAt: 'lastmodifieddate',
      amount: null,
      closedFlag: null,
      customer: { field: 'lifecyclestage', values: ['customer', 'evangelist'] },
    },
    companies: {
      noun: 'company',
      about: 'account',
      owner: 'hubspot_owner_id',
      name: ['name'],
      email: null,
      phones: ['phone'],
      domain: 'domain',
      companyName: 'name',
      country: 'country',
      employees: 'numberofemployees',
      account: null,
      parent: 'hs_parent_company_id',
      createdAt: 'createdate',
      modifiedAt: 'hs_lastmodifieddate',
      amount: null,
      closedFlag: null,
      customer: { field: 'lifecyclestage', values: ['customer', 'evangelist'] },
    },
    deals: {
      noun: 'deal',
      about: 'deal',
      owner: 'hubspot_owner_id',
      name: ['dealname'],
      email: null,
      phones: [],
      domain: null,
      companyName: null,
      country: null,
      employees: null,
      account: 'hs_primary_associated_company',
      parent: null,
      createdAt: 'createdate',
      modifiedAt: 'hs_lastmodifieddate',
      amount: 'amount',
      closedFlag: 'hs_is_closed',
      customer: null,
    },
    tasks: {
      noun: 'task',
      about: 'task',
      owner: 'hubspot_owner_id',
      name: ['hs_task_subject'],
      email: null,
      phones: [],
      domain: null,
      companyName: null,
      country: null,
      employees: null,
      account: null,
      parent: null,
      createdAt: 'hs_createdate',
      modifiedAt: 'hs_lastmodifieddate',
      amount: null,
      closedFlag: null,
      customer: null,
    },
  },
  salesforce: {
    Lead: {
      noun: 'lead',
      about: 'person',
      owner: 'OwnerId',
      name: ['FirstName', 'LastName'],
      email: 'Email',
      phones: ['Phone', 'MobilePhone'],
      domain: 'Website',
      companyName: 'Company',
      country: 'Country',
      employees: 'NumberOfEmployees',
      account: 'ConvertedAccountId',
      parent: null,
      createdAt: 'CreatedDate',
      modifiedAt: 'LastModifiedDate',
      amount: null,
      closedFlag: 'IsConverted',
      customer: null,
    },
    Contact: {
      noun: 'contact',
      about: 'person',
      owner: 'OwnerId',
      name: ['FirstName', 'LastName'],
      email: 'Email',
      phones: ['Phone', 'MobilePhone'],
      domain: null,
      companyName: null,
      country: 'MailingCountry',
      employees: null,
      account: 'AccountId',
      parent: null,
      createdAt: 'CreatedDate',
      modifiedAt: 'LastModifiedDate',
      amount: null,
      closedFlag: null,
      customer: null,
    },
    Account: {
      noun: 'account',
      about: 'account',
      owner: 'OwnerId',
      name: ['Name'],
      email: null,
      phones: ['Phone'],
      domain: 'Website',
      companyName: 'Name',
      country: 'BillingCountry',
      employees: 'NumberOfEmployees',
      account: null,
      parent: 'ParentId',
      createdAt: 'CreatedDate',
      modifiedAt: 'LastModifiedDate',
      amount: null,
      closedFlag: null,
      customer: { field: 'Type', values: ['Customer', 'Customer - Direct', 'Customer - Channel'] },
    },
    Opportunity: {
      noun: 'opportunity',
      about: 'deal',
      owner: 'OwnerId',
      name: ['Name'],
      email: null,
      phones: [],
      domain: null,
      companyName: null,
      country: null,
      employees: null,
      account: 'AccountId',
      parent: null,
      createdAt: 'CreatedDate',
      modifiedAt: 'LastModifiedDate',
      amount: 'Amount',
      closedFlag: 'IsClosed',
      customer: null,
    },
    Task: {
      noun: 'task',
      about: 'task',
      owner: 'OwnerId',
      name: ['Subject'],
      email: null,
      phones: [],
      domain: null,
      companyName: null,
      country: null,
      employees: null,
      account: null,
      parent: null,
      createdAt: 'CreatedDate',
      modifiedAt: 'LastModifiedDate',
      amount: null,
      closedFlag: 'IsClosed',
      customer: null,
    },
  },
}

/** The shape of a watched object, or undefined for one that we do not watch. */
export function objectShape(crm: Crm, objectType: string): ObjectShape | undefined {
  return SHAPES[crm][objectType]
}

/** Object types of one CRM in the order in which a baseline reads them: accounts before what hangs off them. */
export function watchedObjects(crm: Crm): readonly string[] {
  return crm === 'hubspot'
    ? ['companies', 'contacts', 'deals', 'tasks']
    : ['Account', 'Contact', 'Lead', 'Opportunity', 'Task']
}

/** Other people's tasks are none of our business: only ours are ever looked at, and those are not there at the start. */
export function baselineObjects(crm: Crm): readonly string[] {
  return watchedObjects(crm).filter((objectType) => objectType !== 'tasks' && objectType !== 'Task')
}
