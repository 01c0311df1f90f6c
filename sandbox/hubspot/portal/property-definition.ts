import type { ObjectTypeName } from './object-type.ts'

export type PropertyType = 'bool' | 'date' | 'datetime' | 'enumeration' | 'number' | 'phone_number' | 'string'

type PropertyOption = { readonly label: string; readonly value: string }

export type PropertyDefinition = {
  readonly name: string
  readonly label: string
  readonly type: PropertyType
  readonly fieldType: string
  readonly groupName: string
  readonly description: string
  readonly options: readonly PropertyOption[]
  /** HubSpot keeps the options elsewhere: an owner property's options are the owners. */
  readonly referencesOwner: boolean
  readonly hasUniqueValue: boolean
  readonly hidden: boolean
  readonly formField: boolean
  readonly calculated: boolean
  readonly readOnly: boolean
  readonly hubspotDefined: boolean
  readonly archived: boolean
}

type Short = Partial<PropertyDefinition> & { readonly name: string; readonly type?: PropertyType }

const FIELD_TYPES: Readonly<Record<PropertyType, string>> = {
  bool: 'booleancheckbox',
  date: 'date',
  datetime: 'date',
  enumeration: 'select',
  number: 'number',
  phone_number: 'phonenumber',
  string: 'text',
}

const options = (...values: readonly string[]): readonly PropertyOption[] =>
  values.map((value) => ({ label: LABELS[value] ?? titleCase(value), value }))

/** Labels that spacing the name would not give. */
const LABELS: Readonly<Record<string, string>> = {
  firstname: 'First name',
  lastname: 'Last name',
  jobtitle: 'Job title',
  company: 'Company name',
  website: 'Website URL',
  phone: 'Phone number',
  mobilephone: 'Mobile phone number',
  zip: 'Postal code',
  country: 'Country/Region',
  annualrevenue: 'Annual revenue',
  lifecyclestage: 'Lifecycle stage',
  hs_lead_status: 'Lead status',
  createdate: 'Create date',
  lastmodifieddate: 'Last modified date',
  hs_lastmodifieddate: 'Last modified date',
  hs_object_id: 'Record ID',
  hubspot_owner_assigneddate: 'Owner assigned date',
  associatedcompanyid: 'Primary associated company ID',
  hs_primary_associated_company: 'Primary associated company',
  hs_parent_company_id: 'Parent company',
  domain: 'Company domain name',
  numberofemployees: 'Number of employees',
  dealname: 'Deal name',
  dealstage: 'Deal stage',
  dealtype: 'Deal type',
  closedate: 'Close date',
  hs_is_closed: 'Is deal closed?',
  hs_is_closed_won: 'Is closed won',
  hs_task_subject: 'Task title',
  hs_task_body: 'Task notes',
  hs_task_completion_date: 'Completed at',
  hs_queue_membership_ids: 'Queue',
  appointmentscheduled: 'Appointment scheduled',
  qualifiedtobuy: 'Qualified to buy',
  presentationscheduled: 'Presentation scheduled',
  decisionmakerboughtin: 'Decision maker bought-in',
  contractsent: 'Contract sent',
  closedwon: 'Closed won',
  closedlost: 'Closed lost',
  newbusiness: 'New business',
  existingbusiness: 'Existing business',
  marketingqualifiedlead: 'Marketing qualified lead',
  salesqualifiedlead: 'Sales qualified lead',
  TODO: 'To-do',
}

function titleCase(text: string): string {
  const spaced = text.replaceAll('_', ' ').toLowerCase()
  return spaced.charAt(0).toUpperCase() + spaced.slice(1)
}

function define(groupName: string, short: Short): PropertyDefinition {
  const type = short.type ?? 'string'
  return {
    label: LABELS[short.name] ?? titleCase(short.name.replace(/^hs_/, '')),
    type,
    fieldType: FIELD_TYPES[type],
    groupName,
    description: '',
    options: [],
    referencesOwner: false,
    hasUniqueValue: false,
    hidden: false,
    formField: false,
    calculated: false,
    readOnly: false,
    hubspotDefined: true,
    archived: false,
    ...short,
  }
}

const text = (...names: readonly string[]): Short[] => names.map((name) => ({ name }))
const readOnly = (type: PropertyType, ...names: readonly string[]): Short[] =>
  names.map((name) => ({ name, type, readOnly: true, calculated: true }))

const OWNER: Short = { name: 'hubspot_owner_id', label: 'Owner', type: 'enumeration', referencesOwner: true }

const ON_EVERY_OBJECT: readonly Short[] = [
  OWNER,
  ...readOnly('datetime', 'hs_createdate', 'hs_lastmodifieddate', 'hubspot_owner_assigneddate'),
  ...readOnly('number', 'hs_object_id'),
  ...readOnly('string', 'hs_object_source', 'hs_object_source_label', 'hs_object_source_id', 'hs_merged_object_ids'),
]

/** The portal's own, and what it has rates for. */
export const HOME_CURRENCY = 'EUR'
const CURRENCIES = [HOME_CURRENCY, 'USD', 'GBP', 'JPY']

const LIFECYCLE: Short = {
  name: 'lifecyclestage',
  type: 'enumeration',
  options: options(
    'subscriber',
    'lead',
    'marketingqualifiedlead',
    'salesqualifiedlead',
    'opportunity',
    'customer',
    'evangelist',
    'other',
  ),
}

const ADDRESS = text('address', 'city', 'state', 'zip', 'country')
/** Brightwater's only custom property. */
const TERRITORY: Short = { name: 'territory', label: 'Territory', hubspotDefined: false }

const BY_TYPE: Readonly<Record<ObjectTypeName, { readonly group: string; readonly properties: readonly Short[] }>> = {
  contacts: {
    group: 'contactinformation',
    properties: [
      { name: 'email', label: 'Email', formField: true },
      { name: 'hs_additional_emails', label: 'Additional email addresses', readOnly: true },
      ...text('firstname', 'lastname', 'jobtitle', 'company', 'website', 'industry', 'salutation', 'hs_language'),
      { name: 'phone', type: 'phone_number' },
      { name: 'mobilephone', type: 'phone_number' },
      ...ADDRESS,
      { name: 'numemployees', label: 'Number of employees' },
      { name: 'annualrevenue' },
      LIFECYCLE,
      {
        name: 'hs_lead_status',
        type: 'enumeration',
        options: options(
          'NEW',
          'OPEN',
          'IN_PROGRESS',
          'OPEN_DEAL',
          'UNQUALIFIED',
          'ATTEMPTED_TO_CONTACT',
          'CONNECTED',
          'BAD_TIMING',
        ),
      },
      TERRITORY,
      ...text('hs_analytics_source', 'hs_latest_source', 'message'),
      ...readOnly('datetime', 'createdate', 'lastmodifieddate'),
      // HubSpot fills it from the contact's primary company.
      ...readOnly('number', 'associatedcompanyid'),
      ...readOnly('string', 'hs_calculated_merged_vids', 'num_unique_conversion_events'),
    ],
  },
  companies: {
    group: 'companyinformation',
    properties: [
      ...text('name', 'domain', 'website', 'industry', 'description', 'type'),
      { name: 'phone', type: 'phone_number' },
      ...ADDRESS,
      { name: 'numberofemployees', type: 'number' },
      { name: 'annualrevenue', type: 'number' },
      { name: 'hs_parent_company_id', type: 'number' },
      LIFECYCLE,
      TERRITORY,
      ...readOnly('datetime', 'createdate'),
    ],
  },
  deals: {
    group: 'dealinformation',
    properties: [
      ...text('dealname', 'description'),
      { name: 'amount', type: 'number' },
      { name: 'deal_currency_code', label: 'Currency', type: 'enumeration', options: options(...CURRENCIES) },
      ...readOnly('number', 'amount_in_home_currency'),
      { name: 'closedate', type: 'datetime' },
      { name: 'pipeline', type: 'enumeration', options: options('default') },
      {
        name: 'dealstage',
        type: 'enumeration',
        options: options(
          'appointmentscheduled',
          'qualifiedtobuy',
          'presentationscheduled',
          'decisionmakerboughtin',
          'contractsent',
          'closedwon',
          'closedlost',
        ),
      },
      { name: 'dealtype', type: 'enumeration', options: options('newbusiness', 'existingbusiness') },
      { name: 'hs_priority', type: 'enumeration', options: options('low', 'medium', 'high') },
      TERRITORY,
      ...readOnly('datetime', 'createdate'),
      ...readOnly('bool', 'hs_is_closed', 'hs_is_closed_won'),
      ...readOnly('number', 'hs_primary_associated_company'),
    ],
  },
  tasks: {
    group: 'task',
    properties: [
      ...text('hs_task_subject', 'hs_task_body', 'hs_queue_membership_ids', 'hs_task_reminders'),
      { name: 'hs_timestamp', label: 'Due date', type: 'datetime' },
      {
        name: 'hs_task_status',
        type: 'enumeration',
        options: options('NOT_STARTED', 'IN_PROGRESS', 'WAITING', 'COMPLETED', 'DEFERRED'),
      },
      { name: 'hs_task_priority', type: 'enumeration', options: options('NONE', 'LOW', 'MEDIUM', 'HIGH') },
      { name: 'hs_task_type', type: 'enumeration', options: options('EMAIL', 'CALL', 'TODO') },
      ...readOnly('datetime', 'hs_task_completion_date'),
    ],
  },
}

/** The properties of a new portal, plus the custom `territory`. */
export function standardProperties(type: ObjectTypeName): PropertyDefinition[] {
  const { group, properties } = BY_TYPE[type]
  return [...ON_EVERY_OBJECT, ...properties].map((short) => define(group, short))
}

/** The property with another type and these options; its form field follows the type. */
export function retyped(
  property: PropertyDefinition,
  type: PropertyType,
  values: readonly string[],
): PropertyDefinition {
  return { ...property, type, fieldType: FIELD_TYPES[type], options: options(...values), referencesOwner: false }
}

export function customProperty(groupName: string, short: Short): PropertyDefinition {
  return define(groupName, { ...short, hubspotDefined: false })
}

export function propertyWire(property: PropertyDefinition): Record<string, unknown> {
  const { referencesOwner, readOnly: readOnlyValue, ...shared } = property
  return {
    ...shared,
    options: property.options.map((option, displayOrder) => ({ ...option, displayOrder, hidden: false })),
    externalOptions: referencesOwner,
    ...(referencesOwner ? { referencedObjectType: 'OWNER' } : {}),
    displayOrder: -1,
    modificationMetadata: {
      archivable: !property.hubspotDefined,
      readOnlyDefinition: property.hubspotDefined,
      readOnlyOptions: property.hubspotDefined,
      readOnlyValue,
    },
  }
}
