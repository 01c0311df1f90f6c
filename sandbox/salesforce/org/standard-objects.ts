import { addressFields } from './address.ts'
import { defineObject, type ObjectCatalog, type ObjectDefinition, parseFields } from './object-definition.ts'
import { setupObjects } from './setup-objects.ts'

/**
 * The objects of the sandbox org, with names, lengths and write rules as in the vendor's describe answers, cut down to
 * what a sales team of this size fills in, plus the custom fields that Brightwater's admin added.
 */
const INDUSTRIES =
  'Agriculture|Apparel|Banking|Biotechnology|Chemicals|Communications|Construction|Consulting|Education|Electronics|Energy|Engineering|Entertainment|Environmental|Finance|Food & Beverage|Government|Healthcare|Hospitality|Insurance|Machinery|Manufacturing|Media|Not For Profit|Recreation|Retail|Shipping|Technology|Telecommunications|Transportation|Utilities|Other'.split(
    '|',
  )
const SOURCES = ['Web', 'Phone Inquiry', 'Partner Referral', 'Purchased List', 'Trade Show', 'Other']
const SALUTATIONS = ['Mr.', 'Ms.', 'Mrs.', 'Dr.', 'Prof.']
const RATINGS = ['Hot', 'Warm', 'Cold']
const CLEAN_STATUS = 'Matched|Different|Acknowledged|NotFound|Inactive|Pending|SelectMatch|Skipped'.split('|')
const GEOCODE = 'Address|NearAddress|Block|Street|ExtendedZip|Zip|Neighborhood|City|County|State|Unknown'.split('|')

export const LEAD_STATUSES = ['Open', 'Working', 'Nurturing', 'Unqualified', 'Closed']

/** What the lead's status becomes when it is converted. */
export const CONVERTED_LEAD_STATUS = 'Closed'

export const OPPORTUNITY_STAGES: readonly {
  readonly name: string
  readonly probability: number
  readonly closed: boolean
  readonly won: boolean
  readonly forecast: string
}[] = [
  { name: 'Prospecting', probability: 10, closed: false, won: false, forecast: 'Pipeline' },
  { name: 'Qualification', probability: 10, closed: false, won: false, forecast: 'Pipeline' },
  { name: 'Needs Analysis', probability: 20, closed: false, won: false, forecast: 'Pipeline' },
  { name: 'Value Proposition', probability: 50, closed: false, won: false, forecast: 'Pipeline' },
  { name: 'Id. Decision Makers', probability: 60, closed: false, won: false, forecast: 'Pipeline' },
  { name: 'Perception Analysis', probability: 70, closed: false, won: false, forecast: 'Pipeline' },
  { name: 'Proposal/Price Quote', probability: 75, closed: false, won: false, forecast: 'Pipeline' },
  { name: 'Negotiation/Review', probability: 90, closed: false, won: false, forecast: 'Pipeline' },
  { name: 'Closed Won', probability: 100, closed: true, won: true, forecast: 'Closed' },
  { name: 'Closed Lost', probability: 0, closed: true, won: false, forecast: 'Omitted' },
]

export const TASK_STATUSES = ['Not Started', 'In Progress', 'Completed', 'Waiting on someone else', 'Deferred']
export const TASK_PRIORITIES = ['High', 'Normal', 'Low']

const LEAD = parseFields(
  `
  MasterRecordId reference ro -> Lead as MasterRecord
  LastName string(80) required in=Name
  FirstName string(40) in=Name
  Salutation picklist(40) in=Name
  Name string(121) ro filled
  Title string(128)
  Company string(255) required
  ${addressFields('').trim()}
  Phone phone(40)
  MobilePhone phone(40)
  Fax phone(40)
  Email email(80)
  Website url(255)
  Description textarea(32000)
  LeadSource picklist(255)
  Status picklist(255) filled default=Open
  Industry picklist(255)
  Rating picklist(255)
  AnnualRevenue currency
  NumberOfEmployees int
  OwnerId reference filled -> Group,User as Owner
  HasOptedOutOfEmail boolean
  IsConverted boolean ro
  ConvertedDate date ro
  ConvertedAccountId reference ro -> Account as ConvertedAccount
  ConvertedContactId reference ro -> Contact as ConvertedContact
  ConvertedOpportunityId reference ro -> Opportunity as ConvertedOpportunity
  IsUnreadByOwner boolean
  DoNotCall boolean
  HasOptedOutOfFax boolean
  LastTransferDate date ro
  LastActivityDate date ro
  Jigsaw string(20)
  JigsawContactId string(20) ro
  CleanStatus picklist(40) restricted
  CompanyDunsNumber string(9)
  EmailBouncedReason string(255) update-only
  EmailBouncedDate datetime update-only
  Pronouns picklist(255)
  GenderIdentity picklist(255)
  SICCode__c string(15)
  ProductInterest__c picklist(255)
  Primary__c picklist(255)
  CurrentGenerators__c string(100)
  NumberofLocations__c double
  Territory__c string(80)
`,
  {
    Salutation: [...SALUTATIONS, 'Mx.'],
    LeadSource: SOURCES,
    Status: LEAD_STATUSES,
    Industry: INDUSTRIES,
    Rating: RATINGS,
    CleanStatus: CLEAN_STATUS,
    GeocodeAccuracy: GEOCODE,
    ProductInterest__c: ['GC1000 series', 'GC5000 series', 'GC3000 series'],
    Primary__c: ['No', 'Yes'],
  },
)

const ACCOUNT = parseFields(
  `
  MasterRecordId reference ro -> Account as MasterRecord
  Name string(255) required
  Type picklist(40)
  ParentId reference -> Account as Parent
  ${addressFields('Billing').trim()}
  ${addressFields('Shipping').trim()}
  Phone phone(40)
  Fax phone(40)
  AccountNumber string(40)
  Website url(255)
  Sic string(20)
  Industry picklist(40)
  AnnualRevenue currency
  NumberOfEmployees int
  Ownership picklist(40)
  TickerSymbol string(20)
  Description textarea(32000)
  Rating picklist(40)
  Site string(80)
  OwnerId reference filled -> User as Owner
  LastActivityDate date ro
  Jigsaw string(20)
  JigsawCompanyId string(20) ro
  CleanStatus picklist(40) restricted
  AccountSource picklist(40)
  DunsNumber string(9)
  Tradestyle string(255)
  NaicsCode string(8)
  NaicsDesc string(120)
  YearStarted string(4)
  SicDesc string(80)
  CustomerPriority__c picklist(255)
  SLA__c picklist(255)
  Active__c picklist(255)
  NumberofLocations__c double
  UpsellOpportunity__c picklist(255)
  SLASerialNumber__c string(10)
  SLAExpirationDate__c date
  Territory__c string(80)
`,
  {
    Type: [
      'Prospect',
      'Customer',
      'Customer - Direct',
      'Customer - Channel',
      'Channel Partner / Reseller',
      'Installation Partner',
      'Technology Partner',
      'Other',
    ],
    Industry: INDUSTRIES,
    Ownership: ['Public', 'Private', 'Subsidiary', 'Other'],
    Rating: RATINGS,
    AccountSource: SOURCES,
    CleanStatus: CLEAN_STATUS,
    BillingGeocodeAccuracy: GEOCODE,
    ShippingGeocodeAccuracy: GEOCODE,
  },
)

const CONTACT = parseFields(
  `
  MasterRecordId reference ro -> Contact as MasterRecord
  AccountId reference -> Account as Account
  LastName string(80) required in=Name
  FirstName string(40) in=Name
  Salutation picklist(40) in=Name
  Name string(121) ro filled
  ${addressFields('Other').trim()}
  ${addressFields('Mailing').trim()}
  Phone phone(40)
  Fax phone(40)
  MobilePhone phone(40)
  HomePhone phone(40)
  OtherPhone phone(40)
  AssistantPhone phone(40)
  ReportsToId reference -> Contact as ReportsTo
  Email email(80)
  Title string(128)
  Department string(80)
  AssistantName string(40)
  LeadSource picklist(255)
  Birthdate date
  Description textarea(32000)
  OwnerId reference filled -> User as Owner
  HasOptedOutOfEmail boolean
  HasOptedOutOfFax boolean
  DoNotCall boolean
  LastActivityDate date ro
  LastCURequestDate datetime ro
  LastCUUpdateDate datetime ro
  EmailBouncedReason string(255)
  EmailBouncedDate datetime
  Jigsaw string(20)
  JigsawContactId string(20) ro
  CleanStatus picklist(40) restricted
  Pronouns picklist(255)
  GenderIdentity picklist(255)
  Level__c picklist(255)
  Languages__c string(100)
`,
  {
    Salutation: SALUTATIONS,
    LeadSource: SOURCES,
    CleanStatus: CLEAN_STATUS,
    OtherGeocodeAccuracy: GEOCODE,
    MailingGeocodeAccuracy: GEOCODE,
    Level__c: ['Secondary', 'Tertiary', 'Primary'],
  },
)

const OPPORTUNITY = parseFields(
  `
  AccountId reference -> Account as Account
  IsPrivate boolean
  Name string(120) required
  Description textarea(32000)
  StageName picklist(255) required
  Amount currency
  Probability percent
  ExpectedRevenue currency ro
  TotalOpportunityQuantity double
  CloseDate date required
  Type picklist(255)
  NextStep string(255)
  LeadSource picklist(255)
  IsClosed boolean ro
  IsWon boolean ro
  ForecastCategory picklist(40) ro
  ForecastCategoryName picklist(255) restricted
  HasOpportunityLineItem boolean ro
  OwnerId reference filled -> User as Owner
  LastStageChangeDate datetime ro
  LastActivityDate date ro
  ContactId reference create-only -> Contact
  DeliveryInstallationStatus__c picklist(255)
  TrackingNumber__c string(12)
  OrderNumber__c string(8)
  CurrentGenerators__c string(100)
  MainCompetitors__c string(100)
`,
  {
    StageName: OPPORTUNITY_STAGES.map((stage) => stage.name),
    Type: [
      'Existing Customer - Upgrade',
      'Existing Customer - Replacement',
      'Existing Customer - Downgrade',
      'New Customer',
    ],
    LeadSource: SOURCES,
    ForecastCategory: ['Omitted', 'Pipeline', 'BestCase', 'MostLikely', 'Forecast', 'Closed'],
    ForecastCategoryName: ['Omitted', 'Pipeline', 'Best Case', 'Commit', 'Closed'],
  },
)

const TASK = `
  WhoId reference -> Contact,Lead as Who
  WhatId reference -> Account,Opportunity as What
  Subject combobox(255)
  ActivityDate date
  Status picklist(255) filled default=Not_Started
  Priority picklist(255) filled default=Normal
  IsHighPriority boolean ro
  OwnerId reference filled -> Group,User as Owner
  Description textarea(32000)
  Type picklist(40)
  AccountId reference ro -> Account as Account
  IsClosed boolean ro
  IsArchived boolean ro
  TaskSubtype picklist(40) restricted create-only
  CallDurationInSeconds int
  CallType picklist(40)
  CallDisposition string(255)
  CallObject string(255)
  ReminderDateTime datetime
  IsReminderSet boolean
  IsRecurrence boolean create-only
  CompletedDateTime datetime ro
  WhoCount int ro
  WhatCount int ro`

const TASK_VALUES = {
  Status: TASK_STATUSES,
  Priority: TASK_PRIORITIES,
  TaskSubtype: ['Task', 'Email', 'LinkedIn', 'ListEmail', 'Cadence', 'Call'],
  Type: ['Call', 'Meeting', 'Other'],
  CallType: ['Internal', 'Inbound', 'Outbound'],
}

const FULL = ['create', 'update', 'delete', 'undelete', 'replicate'] as const

function salesObjects(): ObjectDefinition[] {
  return [
    defineObject({ name: 'Lead', keyPrefix: '00Q', fields: LEAD, verbs: FULL }),
    defineObject({ name: 'Account', keyPrefix: '001', fields: ACCOUNT, verbs: FULL }),
    defineObject({ name: 'Contact', keyPrefix: '003', fields: CONTACT, verbs: FULL }),
    defineObject({ name: 'Opportunity', keyPrefix: '006', fields: OPPORTUNITY, verbs: FULL }),
  ]
}

/** `taskExternalId`: the admin added `Lanekeeper_Key__c` to Activity, unique and marked as external id. */
export function buildCatalog(options: { readonly taskExternalId: boolean }): ObjectCatalog {
  const key = options.taskExternalId ? '\n  Lanekeeper_Key__c string(80) unique external' : ''
  const task = defineObject({
    name: 'Task',
    keyPrefix: '00T',
    fields: parseFields(TASK + key, TASK_VALUES),
    verbs: FULL,
  })
  return new Map([...salesObjects(), ...setupObjects(), task].map((object) => [object.name, object]))
}

/** Change Data Capture is on for five entities: what an org without the add-on may select. */
export const SELECTED_ENTITIES = ['Lead', 'Account', 'Contact', 'Opportunity', 'User'] as const
