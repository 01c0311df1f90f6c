import { addressFields } from './address-fields.ts'
import { ALL_VERBS, defineObject, parseFields } from './object-definition.ts'
import { CLEAN_STATUS, GEOCODE, INDUSTRIES, RATINGS, SOURCES } from './picklists.ts'

const FIELDS = parseFields(
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
      // The company's own: its partners' accounts have it.
      'Partner',
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

export const ACCOUNT = defineObject({ name: 'Account', keyPrefix: '001', fields: FIELDS, verbs: ALL_VERBS })
