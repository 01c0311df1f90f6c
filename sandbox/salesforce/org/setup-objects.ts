import { addressFields } from './address.ts'
import { defineObject, type ObjectDefinition, parseFields } from './object-definition.ts'

/** "If you delete associations, you can query them for up to 12 hours", says the vendor; they bypass the recycle bin. */
const ASSIGNMENTS_DELETED_FOR_MS = 12 * 3_600_000

/** People, groups, territories and the setup tables. None of them has a recycle bin. */
const USER = parseFields(
  `
  Username string(80) required
  LastName string(80) required in=Name
  FirstName string(40) in=Name
  Name string(121) ro filled
  CompanyName string(80)
  Division string(80)
  Department string(80)
  Title string(80)
  ${addressFields('').trim()}
  Email email(128) required
  Phone phone(40)
  MobilePhone phone(40)
  Alias string(8)
  IsActive boolean default=true
  TimeZoneSidKey picklist(40) filled default=Europe/London
  LocaleSidKey picklist(40) filled default=en_GB
  LanguageLocaleKey picklist(40) filled default=en_US
  EmailEncodingKey picklist(40) filled default=UTF-8
  UserType picklist(40) ro filled default=Standard
  UserRoleId reference
  ProfileId reference
  ManagerId reference -> User as Manager
  EmployeeNumber string(20)
  FederationIdentifier string(512)
  LastLoginDate datetime ro
`,
  { UserType: ['Standard', 'PowerPartner', 'CSPLitePortal', 'AutomatedProcess', 'Guest'] },
)

const GROUP = parseFields(
  `
  Name string(40) required
  DeveloperName string(80)
  RelatedId reference ro -> User as Related
  Type picklist(40) filled default=Regular create-only
  Email email(255)
  OwnerId reference ro -> User as Owner
  DoesSendEmailToMembers boolean
  DoesIncludeBosses boolean
`,
  { Type: ['Regular', 'Role', 'RoleAndSubordinates', 'Organization', 'Queue', 'Territory', 'Manager'] },
)

export function setupObjects(): ObjectDefinition[] {
  const setup = { withoutIsDeleted: true }
  return [
    defineObject({ name: 'User', keyPrefix: '005', fields: USER, verbs: ['create', 'update', 'replicate'], ...setup }),
    defineObject({ name: 'Group', keyPrefix: '00G', fields: GROUP, verbs: ['create', 'update', 'delete'], ...setup }),
    defineObject({
      name: 'GroupMember',
      keyPrefix: '011',
      fields: parseFields(`
  GroupId reference required create-only -> Group as Group
  UserOrGroupId reference required create-only -> User,Group`),
      verbs: ['create', 'delete'],
      ...setup,
    }),
    defineObject({
      name: 'QueueSobject',
      keyPrefix: '03g',
      fields: parseFields(`
  QueueId reference required create-only -> Group as Queue
  SobjectType picklist(40) required create-only`),
      verbs: ['create', 'delete'],
      ...setup,
    }),
    defineObject({
      name: 'Organization',
      keyPrefix: '00D',
      fields: parseFields(`
  Name string(80) ro filled
  OrganizationType picklist(40) ro
  InstanceName string(5) ro
  IsSandbox boolean ro
  TimeZoneSidKey picklist(40) ro
  LanguageLocaleKey picklist(40) ro
  DefaultLocaleSidKey picklist(40) ro
  FiscalYearStartMonth int ro
  NamespacePrefix string(15) ro`),
      verbs: ['replicate'],
      ...setup,
    }),
    defineObject({
      name: 'TaskStatus',
      keyPrefix: '01T',
      fields: parseFields(`
  MasterLabel string(255) ro filled
  ApiName string(255) ro filled
  SortOrder int ro
  IsDefault boolean ro
  IsClosed boolean ro`),
      verbs: [],
      ...setup,
    }),
    defineObject({
      name: 'TaskPriority',
      keyPrefix: '01S',
      fields: parseFields(`
  MasterLabel string(255) ro filled
  ApiName string(255) ro filled
  SortOrder int ro
  IsDefault boolean ro
  IsHighPriority boolean ro`),
      verbs: [],
      ...setup,
    }),
    defineObject({
      name: 'Territory2Model',
      label: 'Territory Model',
      keyPrefix: '0MA',
      fields: parseFields(`
  Name string(80) required
  DeveloperName string(80)
  State picklist(255) filled default=Planning
  Description textarea(255)
  ActivatedDate datetime ro
  DeactivatedDate datetime ro
  LastRunRulesEndDate datetime ro
  LastOppTerrAssignEndDate datetime ro`),
      verbs: ['create', 'update', 'delete', 'replicate'],
      ...setup,
    }),
    defineObject({
      name: 'Territory2',
      label: 'Territory',
      keyPrefix: '0MI',
      fields: parseFields(`
  Name string(80) required
  DeveloperName string(80)
  ParentTerritory2Id reference -> Territory2 as ParentTerritory2
  Territory2ModelId reference required create-only -> Territory2Model as Territory2Model
  Territory2TypeId reference
  ForecastUserId reference -> User as ForecastUser
  AccountAccessLevel picklist(40)
  OpportunityAccessLevel picklist(40)
  CaseAccessLevel picklist(40)
  ContactAccessLevel picklist(40)
  Description string(255)`),
      verbs: ['create', 'update', 'delete'],
      ...setup,
    }),
    defineObject({
      name: 'UserTerritory2Association',
      keyPrefix: '0UT',
      fields: parseFields(`
  UserId reference required create-only -> User as User
  Territory2Id reference required create-only -> Territory2 as Territory2
  RoleInTerritory2 picklist(40)
  IsActive boolean default=true ro`),
      verbs: ['create', 'delete'],
      ...setup,
    }),
    defineObject({
      name: 'ObjectTerritory2Association',
      keyPrefix: '0OT',
      fields: parseFields(
        `
  ObjectId reference required create-only -> Account,Lead as Object
  SobjectType picklist(40) ro
  Territory2Id reference required create-only -> Territory2 as Territory2
  AssociationCause picklist(40) required create-only`,
        { AssociationCause: ['Territory2AssignmentRule', 'Territory2Manual'] },
      ),
      verbs: ['create', 'delete', 'replicate'],
      deletedForMs: ASSIGNMENTS_DELETED_FOR_MS,
    }),
    defineObject({
      name: 'PlatformEventChannelMember',
      keyPrefix: '0v8',
      fields: parseFields(`
  EventChannel string(80) ro
  SelectedEntity string(80) ro
  DeveloperName string(80) ro`),
      verbs: [],
      ...setup,
    }),
  ]
}
