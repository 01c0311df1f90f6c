import { addressFields } from './address-fields.ts'
import { ALL_VERBS, defineObject, parseFields } from './object-definition.ts'
import { CLEAN_STATUS, GEOCODE, INDUSTRIES, LEAD_STATUSES, RATINGS, SALUTATIONS, SOURCES } from './picklists.ts'

const FIELDS = parseFields(
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

export const LEAD = defineObject({ name: 'Lead', keyPrefix: '00Q', fields: FIELDS, verbs: ALL_VERBS })
