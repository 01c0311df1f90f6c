import { crowdSize } from '../../world/crowd/crowd.ts'
import { crowdOfSalesforce } from '../../world/crowd/crowd-salesforce.ts'
import type { SalesforceRecord, World } from '../../world/records/world.ts'
import { CURRENCY_ROWS } from '../catalog/currency-field.ts'
import type { ObjectDefinition } from '../catalog/object-definition.ts'
import { TASK_PRIORITIES, TASK_STATUSES } from '../catalog/picklists.ts'
import { parseDateTime } from './field-value.ts'
import { type Org, textOf, toSecond } from './org.ts'
import type { FieldValue, StoredRecord } from './record-store.ts'
import { fillChannelMembers } from './selected-entities.ts'

const WORLD_TABLES = [
  'User',
  'Group',
  'GroupMember',
  'Territory2Model',
  'Territory2',
  'UserTerritory2Association',
  'ObjectTerritory2Association',
  'Lead',
  'Account',
  'Contact',
  'Opportunity',
] as const

/** Fills an empty org with the generated world and with the setup rows that every org has. */
export function seedOrg(org: Org, world: World): void {
  const profileOf = seedProfiles(org, world)
  for (const table of WORLD_TABLES) {
    const object = org.catalog.get(table)!
    for (const record of world.salesforce[table]) {
      const row = table === 'User' ? { ...record, ProfileId: profileOf(record) } : record
      org.store.seed(table, seededRecord(object, row, world.nowMs))
    }
  }
  seedCrowd(org, world)
  const admin = world.salesforce.integrationUserId
  seedSetup(org, 'Organization', world.nowMs, admin, [
    {
      Id: world.salesforce.orgId,
      Name: 'Brightwater',
      OrganizationType: 'Enterprise Edition',
      InstanceName: 'SBX1',
      IsSandbox: false,
      TimeZoneSidKey: 'Europe/London',
      LanguageLocaleKey: 'en_US',
      DefaultLocaleSidKey: 'en_GB',
      FiscalYearStartMonth: 1,
    },
  ])
  if (org.settings.multiCurrency) seedCurrencies(org)
  seedSetup(
    org,
    'TaskStatus',
    world.nowMs,
    admin,
    TASK_STATUSES.map((name, i) => ({
      MasterLabel: name,
      ApiName: name,
      SortOrder: i + 1,
      IsDefault: i === 0,
      IsClosed: name === 'Completed',
    })),
  )
  seedSetup(
    org,
    'TaskPriority',
    world.nowMs,
    admin,
    TASK_PRIORITIES.map((name, i) => ({
      MasterLabel: name,
      ApiName: name,
      SortOrder: i + 1,
      IsDefault: name === 'Normal',
      IsHighPriority: name === 'High',
    })),
  )
  seedSetup(
    org,
    'UserLogin',
    world.nowMs,
    admin,
    world.salesforce.User.map((user) => ({ UserId: user.Id, IsFrozen: false, IsPasswordLocked: false })),
  )
  const queues = world.salesforce.Group.filter((group) => group.Type === 'Queue')
  seedSetup(
    org,
    'QueueSobject',
    world.nowMs,
    admin,
    queues.map((queue) => ({ QueueId: queue.Id, SobjectType: 'Lead' })),
  )
  fillChannelMembers(org, toSecond(world.nowMs))
}

function seedCrowd(org: Org, world: World): void {
  const { seed, nowMs } = world
  const crowd = crowdOfSalesforce({ seed, nowMs, size: crowdSize(world.crowd ?? 0), users: world.salesforce.User })
  for (const table of ['Account', 'Contact', 'Lead', 'Opportunity'] as const) {
    const object = org.catalog.get(table)!
    for (const record of crowd[table]()) org.store.seed(table, seededRecord(object, record, nowMs))
  }
}

/** Two licences and two profiles: people have the one, the users of integrations the other. */
function seedProfiles(org: Org, { nowMs, salesforce }: World): (user: SalesforceRecord) => string {
  const [person, program] = [org.ids.take('100'), org.ids.take('100')]
  const [standard, apiOnly] = [org.ids.take('00e'), org.ids.take('00e')]
  seedSetup(org, 'UserLicense', nowMs, salesforce.integrationUserId, [
    { Id: person, Name: 'Salesforce', LicenseDefinitionKey: 'SFDC' },
    { Id: program, Name: 'Salesforce Integration', LicenseDefinitionKey: 'PID_SFDC_INTEGRATION' },
  ])
  seedSetup(org, 'Profile', nowMs, salesforce.integrationUserId, [
    { Id: standard, Name: 'Standard User', UserLicenseId: person, PermissionsApiUserOnly: false },
    {
      Id: apiOnly,
      Name: 'Minimum Access - API Only Integrations',
      UserLicenseId: program,
      PermissionsApiUserOnly: true,
    },
  ])
  return ({ Title }) => (Title === 'Integration' ? apiOnly : standard)
}

/** What an org has for its currencies from the moment on that an admin turns several on. */
export function seedCurrencies(org: Org): void {
  const [organization] = org.store.table('Organization').values()
  seedSetup(org, 'CurrencyType', org.clock.now(), textOf(organization, 'CreatedById'), CURRENCY_ROWS)
}

/** The stored form: instants as milliseconds of whole seconds, and every field of the object present. */
function seededRecord(object: ObjectDefinition, record: SalesforceRecord, nowMs: number): StoredRecord {
  for (const name of Object.keys(record)) {
    if (!object.fields.has(name) && name !== 'IsDeleted')
      throw new Error(`The world has ${object.name}.${name}, the org does not`)
  }
  const stored: { Id: string; [field: string]: FieldValue } = { Id: record.Id }
  for (const field of object.fields.values()) {
    if (field.type === 'address') continue
    const value = record[field.name] ?? (field.type === 'boolean' ? (field.defaultValue ?? false) : null)
    if (field.type !== 'datetime' || value === null) {
      stored[field.name] = value
      continue
    }
    const ms = typeof value === 'number' ? value : parseDateTime(String(value))
    if (ms === null) throw new Error(`The world's ${object.name}.${field.name} "${String(value)}" is no instant`)
    stored[field.name] = toSecond(ms)
  }
  stored.SystemModstamp ??= toSecond(nowMs)
  return stored
}

function seedSetup(
  org: Org,
  table: string,
  nowMs: number,
  userId: string,
  rows: readonly Readonly<Record<string, FieldValue>>[],
): void {
  const object = org.catalog.get(table)!
  const atMs = toSecond(nowMs)
  for (const row of rows) {
    const id = typeof row.Id === 'string' ? row.Id : org.ids.take(object.keyPrefix)
    org.store.seed(table, {
      CreatedDate: atMs,
      CreatedById: userId,
      LastModifiedDate: atMs,
      LastModifiedById: userId,
      SystemModstamp: atMs,
      ...row,
      Id: id,
    })
  }
}
