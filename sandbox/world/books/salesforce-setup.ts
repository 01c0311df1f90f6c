import { allPeople, INTEGRATION_USERS, LEFT, OFFICE, TERRITORIES } from '../brightwater/cast.ts'
import {
  addRow,
  FIRST_USER_ID,
  type SalesforceDraft,
  type SalesforceTables,
  salesforceTime,
  stamps,
} from './salesforce-tables.ts'

/** Brightwater's org as its admin set it up, before a salesperson adds a record. */
export type SalesforceSetup = {
  readonly integrationUserId: string
  /** New leads wait in this queue; its members work it. */
  readonly inboundQueueId: string
  /** The only member of this queue left. */
  readonly deadQueueId: string
  /** Territory2 row by our territory id. */
  readonly territoryIds: ReadonlyMap<string, string>
  userId(email: string): string
}

const DAY_MS = 86_400_000

export function setUpSalesforce(tables: SalesforceTables, nowMs: number): SalesforceSetup {
  const beganMs = nowMs - 1200 * DAY_MS
  addUsers(tables, beganMs, nowMs)
  const users = new Map(tables.User.map((user) => [user.Email as string, user.Id]))
  function userId(email: string): string {
    const id = users.get(email)
    if (id === undefined) throw new Error(`No Salesforce user for ${email}`)
    return id
  }
  const org: OrgInSetup = { tables, beganMs, userId, admin: userId(OFFICE.revopsAdmin) }
  return {
    integrationUserId: userId(INTEGRATION_USERS.lanekeeper),
    inboundQueueId: addQueue(org, 'Inbound leads', [OFFICE.revopsAnalyst, OFFICE.salesOpsEast]),
    deadQueueId: addQueue(org, 'Trade fair leads', [LEFT[1]!]),
    territoryIds: addTerritories(org),
    userId,
  }
}

type OrgInSetup = {
  readonly tables: SalesforceTables
  readonly beganMs: number
  readonly userId: (email: string) => string
  readonly admin: string
}

function addUsers(tables: SalesforceTables, beganMs: number, nowMs: number): void {
  const zone = new Map(
    TERRITORIES.flatMap((t) => [t.enterpriseRep, t.commercialRep].map((email) => [email, ZONES[t.id]!] as const)),
  )
  for (const person of allPeople()) {
    const integration = person.email.includes('.integration@')
    addRow(tables, 'User', {
      Username: person.email,
      Email: person.email,
      FirstName: person.first,
      LastName: person.last,
      Name: `${person.first} ${person.last}`,
      Alias: `${person.first.charAt(0)}${person.last}`.slice(0, 8).toLowerCase(),
      IsActive: person.active,
      UserType: 'Standard',
      Title: integration ? 'Integration' : zone.has(person.email) ? 'Account Executive' : 'Revenue team',
      TimeZoneSidKey: zone.get(person.email) ?? 'Europe/London',
      ...stamps(beganMs, person.active ? beganMs : nowMs - 90 * DAY_MS, FIRST_USER_ID),
    })
  }
}

function addQueue({ tables, beganMs, userId, admin }: OrgInSetup, name: string, members: readonly string[]): string {
  const group = addRow(tables, 'Group', {
    Name: name,
    DeveloperName: name.replaceAll(' ', '_'),
    Type: 'Queue',
    Email: null,
    ...stamps(beganMs, beganMs, admin),
  })
  for (const member of members) {
    addRow(tables, 'GroupMember', {
      GroupId: group.Id,
      UserOrGroupId: userId(member),
      SystemModstamp: salesforceTime(beganMs),
    })
  }
  return group.Id
}

function addTerritories(org: OrgInSetup): ReadonlyMap<string, string> {
  const { tables, beganMs, userId, admin } = org
  const model = addRow(tables, 'Territory2Model', {
    Name: 'Brightwater sales',
    DeveloperName: 'Brightwater_sales',
    State: 'Active',
    ActivatedDate: salesforceTime(beganMs),
    ...stamps(beganMs, beganMs, admin),
  })
  const regions = new Map([
    ['americas', addTerritory(org, model, 'Americas', 'americas', null).Id],
    ['emea', addTerritory(org, model, 'EMEA', 'emea', null).Id],
    ['apac', addTerritory(org, model, 'Asia Pacific', 'apac', null).Id],
  ])
  const territoryIds = new Map<string, string>()
  for (const t of TERRITORIES) {
    const row = addTerritory(org, model, t.title, t.id.replaceAll('-', '_'), regions.get(t.parent)!)
    territoryIds.set(t.id, row.Id)
    for (const member of [t.enterpriseRep, t.commercialRep]) {
      addRow(tables, 'UserTerritory2Association', {
        UserId: userId(member),
        Territory2Id: row.Id,
        RoleInTerritory2: member === t.enterpriseRep ? 'Enterprise' : 'Commercial',
        IsActive: true,
        LastModifiedDate: salesforceTime(beganMs),
        SystemModstamp: salesforceTime(beganMs),
      })
    }
  }
  return territoryIds
}

function addTerritory(
  { tables, beganMs, admin }: OrgInSetup,
  model: SalesforceDraft,
  name: string,
  developerName: string,
  parentId: string | null,
): SalesforceDraft {
  return addRow(tables, 'Territory2', {
    Name: name,
    DeveloperName: developerName,
    Territory2ModelId: model.Id,
    ParentTerritory2Id: parentId,
    ...stamps(beganMs, beganMs, admin),
  })
}

/** The representatives' time zones by territory. */
const ZONES: Readonly<Record<string, string>> = {
  'na-west': 'America/Denver',
  canada: 'America/Toronto',
  latam: 'America/Sao_Paulo',
  uki: 'Europe/London',
  dach: 'Europe/Berlin',
  france: 'Europe/Paris',
  benelux: 'Europe/Amsterdam',
  nordics: 'Europe/Stockholm',
  'iberia-italy': 'Europe/Rome',
  cee: 'Europe/Warsaw',
  japan: 'Asia/Tokyo',
  anz: 'Australia/Sydney',
}
