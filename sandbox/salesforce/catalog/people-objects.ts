import { addressFields } from './address-fields.ts'
import { defineObject, type ObjectDefinition, parseFields } from './object-definition.ts'

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
  ProfileId reference -> Profile as Profile
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

/** Users, groups and queues. They have no recycle bin. */
export const PEOPLE_OBJECTS: readonly ObjectDefinition[] = [
  defineObject({
    name: 'User',
    keyPrefix: '005',
    fields: USER,
    verbs: ['create', 'update', 'replicate'],
    withoutIsDeleted: true,
  }),
  // Rows of their own in each org; an admin gives every user one.
  defineObject({
    name: 'UserLicense',
    keyPrefix: '100',
    fields: parseFields(`
  Name string(40) ro filled
  LicenseDefinitionKey string(40) ro filled`),
    verbs: [],
    withoutIsDeleted: true,
  }),
  defineObject({
    name: 'Profile',
    keyPrefix: '00e',
    fields: parseFields(`
  Name string(255) required
  UserLicenseId reference ro -> UserLicense as UserLicense
  PermissionsApiUserOnly boolean`),
    verbs: ['update'],
    withoutIsDeleted: true,
  }),
  // Comes with its user. An admin freezes a login here; the user stays active.
  defineObject({
    name: 'UserLogin',
    keyPrefix: '0Yw',
    fields: parseFields(`
  UserId reference ro -> User as User
  IsFrozen boolean
  IsPasswordLocked boolean`),
    verbs: ['update'],
    withoutIsDeleted: true,
  }),
  defineObject({
    name: 'Group',
    keyPrefix: '00G',
    fields: GROUP,
    verbs: ['create', 'update', 'delete'],
    withoutIsDeleted: true,
  }),
  defineObject({
    name: 'GroupMember',
    keyPrefix: '011',
    fields: parseFields(`
  GroupId reference required create-only -> Group as Group
  UserOrGroupId reference required create-only -> User,Group`),
    verbs: ['create', 'delete'],
    withoutIsDeleted: true,
  }),
  defineObject({
    name: 'QueueSobject',
    keyPrefix: '03g',
    fields: parseFields(`
  QueueId reference required create-only -> Group as Queue
  SobjectType picklist(40) required create-only`),
    verbs: ['create', 'delete'],
    withoutIsDeleted: true,
  }),
]
