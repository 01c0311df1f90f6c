const OF_ALL = [
  'Id',
  'OwnerId',
  'RecordTypeId',
  'CurrencyIsoCode',
  'CreatedDate',
  'CreatedById',
  'LastModifiedDate',
  'LastModifiedById',
  'SystemModstamp',
  'LastActivityDate',
  'IsDeleted',
  'Description',
]

const ADDRESS_PARTS = ['Street', 'City', 'State', 'StateCode', 'PostalCode', 'Country', 'CountryCode']
const address = (kind: string) => ADDRESS_PARTS.map((part) => `${kind}${part}`)
const COMPANY = ['Industry', 'AnnualRevenue', 'NumberOfEmployees', 'Rating', 'Website', 'Jigsaw']
const PERSON = ['Name', 'FirstName', 'LastName', 'Salutation', 'Title', 'Email', 'Phone', 'MobilePhone', 'Fax']

/** Salesforce's own fields of the objects that we watch, by the object reference. */
export const STANDARD_FIELDS: Readonly<Record<string, readonly string[]>> = {
  Account: [
    ...OF_ALL,
    ...COMPANY,
    ...address('Billing'),
    ...address('Shipping'),
    ...[
      'Name',
      'Type',
      'ParentId',
      'Phone',
      'Fax',
      'AccountNumber',
      'AccountSource',
      'Ownership',
      'Site',
      'Sic',
      'SicDesc',
    ],
    ...['TickerSymbol', 'NaicsCode', 'NaicsDesc', 'DunsNumber', 'Tradestyle', 'YearStarted', 'IsPersonAccount'],
  ],
  Contact: [
    ...OF_ALL,
    ...PERSON,
    ...address('Mailing'),
    ...address('Other'),
    ...[
      'AccountId',
      'Department',
      'HomePhone',
      'OtherPhone',
      'AssistantName',
      'Birthdate',
      'LeadSource',
      'ReportsToId',
    ],
    ...['HasOptedOutOfEmail', 'DoNotCall'],
  ],
  Lead: [
    ...OF_ALL,
    ...PERSON,
    ...COMPANY,
    ...ADDRESS_PARTS,
    ...[
      'Company',
      'LeadSource',
      'Status',
      'IsConverted',
      'ConvertedAccountId',
      'ConvertedContactId',
      'IsUnreadByOwner',
    ],
    ...['HasOptedOutOfEmail', 'DoNotCall'],
  ],
  Opportunity: [
    ...OF_ALL,
    ...[
      'Name',
      'AccountId',
      'StageName',
      'Amount',
      'Probability',
      'CloseDate',
      'Type',
      'NextStep',
      'LeadSource',
      'IsClosed',
    ],
    ...[
      'IsWon',
      'ForecastCategory',
      'ForecastCategoryName',
      'CampaignId',
      'ContactId',
      'ExpectedRevenue',
      'Territory2Id',
    ],
  ],
}
