import { addressFields } from './address-fields.ts'
import { ALL_VERBS, defineObject, parseFields } from './object-definition.ts'
import { CLEAN_STATUS, GEOCODE, SALUTATIONS, SOURCES } from './picklists.ts'

const FIELDS = parseFields(
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

export const CONTACT = defineObject({ name: 'Contact', keyPrefix: '003', fields: FIELDS, verbs: ALL_VERBS })
