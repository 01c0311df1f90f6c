import type { CrmProfile, PersonForm } from '../../model/record/crm-profile.ts'
import { STANDARD_FIELDS } from './standard-fields.ts'

const BUSINESS_ADDRESS = ['Street', 'City', 'State', 'StateCode', 'PostalCode', 'Country', 'CountryCode']

/**
 * A person account, in an org that turned them on: an account and a contact in one. The address of a business is asked of
 * nobody's home, whose own is PersonMailing*.
 */
const PERSON_ACCOUNT: PersonForm = {
  noun: 'person account',
  flag: 'IsPersonAccount',
  email: 'PersonEmail',
  phones: ['PersonMobilePhone', 'PersonHomePhone'],
  country: 'PersonMailingCountry',
  contact: { object: 'Contact', field: 'PersonContactId' },
  businessFields: [
    'Website',
    'Industry',
    'NumberOfEmployees',
    'AnnualRevenue',
    'ParentId',
    'Ownership',
    'TickerSymbol',
    'Site',
    'Sic',
    'SicDesc',
    'NaicsCode',
    'NaicsDesc',
    'DunsNumber',
    'Tradestyle',
    'YearStarted',
    ...BUSINESS_ADDRESS.flatMap((part) => [`Billing${part}`, `Shipping${part}`]),
  ],
  // `__pc`: a custom field of the contact, as its account shows it.
  personFields: /^(?:IsPersonAccount|Person[A-Z]\w*|FirstName|LastName|MiddleName|Salutation|Suffix|\w+__pc)$/,
}

/**
 * Salesforce's own values of Account.Type, and what orgs call a customer besides. Reviewed 2026-12-01; a policy names others
 * under `customers`.
 */
const CUSTOMER_TYPES = [
  'Customer',
  'Customer - Direct',
  'Customer - Channel',
  'Customer - Reseller',
  'Customer - Partner',
  'Active Customer',
  'Current Customer',
  'Existing Customer',
  'Client',
  'Existing Client',
  'Kunde',
  'Bestandskunde',
  'Cliente',
  'Klant',
]

/**
 * What the product knows of every Salesforce org. Object and field names are Salesforce's own standard ones, so this is
 * true of each org; custom fields come from the policies.
 */
export const SALESFORCE: CrmProfile = {
  crm: 'salesforce',
  title: 'Salesforce',
  accountNoun: 'org',
  // Accounts before what hangs off them: the order in which a baseline reads.
  objects: {
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
      state: 'BillingState',
      employees: 'NumberOfEmployees',
      account: null,
      accountByDomain: false,
      parent: 'ParentId',
      createdAt: 'CreatedDate',
      modifiedAt: 'LastModifiedDate',
      amount: null,
      currency: 'CurrencyIsoCode',
      closedFlag: null,
      customer: { field: 'Type', values: CUSTOMER_TYPES },
      asPerson: PERSON_ACCOUNT,
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
      state: 'MailingState',
      employees: null,
      account: 'AccountId',
      accountByDomain: true,
      parent: null,
      createdAt: 'CreatedDate',
      modifiedAt: 'LastModifiedDate',
      amount: null,
      closedFlag: null,
      customer: null,
    },
    Lead: {
      noun: 'lead',
      about: 'person',
      owner: 'OwnerId',
      ownedByQueues: true,
      name: ['FirstName', 'LastName'],
      email: 'Email',
      phones: ['Phone', 'MobilePhone'],
      domain: 'Website',
      companyName: 'Company',
      country: 'Country',
      state: 'State',
      employees: 'NumberOfEmployees',
      account: 'ConvertedAccountId',
      accountByDomain: true,
      parent: null,
      createdAt: 'CreatedDate',
      modifiedAt: 'LastModifiedDate',
      amount: null,
      currency: 'CurrencyIsoCode',
      closedFlag: 'IsConverted',
      customer: null,
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
      state: null,
      employees: null,
      account: 'AccountId',
      accountByDomain: false,
      parent: null,
      createdAt: 'CreatedDate',
      modifiedAt: 'LastModifiedDate',
      amount: 'Amount',
      currency: 'CurrencyIsoCode',
      closedFlag: 'IsClosed',
      customer: null,
    },
    Task: {
      noun: 'task',
      about: 'task',
      owner: 'OwnerId',
      // The subject names people, and nothing reads it back from a task's record.
      name: [],
      email: null,
      phones: [],
      domain: null,
      companyName: null,
      country: null,
      state: null,
      employees: null,
      account: null,
      accountByDomain: false,
      parent: null,
      createdAt: 'CreatedDate',
      modifiedAt: 'LastModifiedDate',
      amount: null,
      closedFlag: 'IsClosed',
      customer: null,
    },
  },
  accountObject: 'Account',
  dealObject: 'Opportunity',
  taskObject: 'Task',
  actorsAreUsers: true,
  taskClosed: { field: 'IsClosed', values: ['true'] },
  peopleObject: 'User',
  // An opportunity's territory is a field of it, a contact's is its account's.
  territoryObjects: ['Account', 'Lead'],
  sourceFields: {
    Lead: 'LeadSource',
    Contact: 'LeadSource',
    Account: 'AccountSource',
    Opportunity: 'LeadSource',
  },
  // Salesforce leaves fields out of its description that the user may not see. Fields of features that an org turns on later,
  // such as CurrencyIsoCode and RecordTypeId, belong to the list: their names are Salesforce's.
  standardFields: STANDARD_FIELDS,
  // The last two move with the owner of a lead.
  bookkeepingFields: ['LastModifiedDate', 'LastModifiedById', 'SystemModstamp', 'LastTransferDate', 'IsUnreadByOwner'],
  vanishedPersonIsErased: false,
  hidesRecords: true,
  usualFeed: 'stream',
  missedEventsRemedy:
    'If this continues, check in Salesforce Setup that Change Data Capture is turned on for these objects.',
  eventAllowanceRemedy: 'See in Salesforce Setup > Platform Events > Usage which subscribers use the event allocation.',
  makesTaskKey: false,
  accessEndsAt: 'Setup, Connected Apps OAuth Usage.',
  // Commit number and sequence number (contracts, Salesforce: change events).
  ordersChanges: true,
  // Collections take 200 records a call (contracts, Salesforce: collections).
  readBatchMax: 200,
  writeBatchMax: 200,
  // Salesforce publishes no window, only a day and 25 long calls at once: 32 a second keeps a burst civil.
  callLimits: { windowMs: 1_000, perWindow: 32, searchPerSecond: 25, dayResets: 'rolling 24 hours' },
}
