import { crowdSize } from '../../world/crowd/crowd.ts'
import { crowdOfHubSpot } from '../../world/crowd/crowd-hubspot.ts'
import type { HubSpotOwner, HubSpotRecord, World } from '../../world/records/world.ts'
import { labelsBetween } from './association-book.ts'
import { findObjectType, type ObjectTypeName } from './object-type.ts'
import type { ObjectRef } from './store-change.ts'
import type { HistoryEntry, StoredRecord } from './stored-record.ts'

/** What a portal starts with. */
export type PortalSeed = {
  readonly portalId: number
  readonly appId: number
  readonly nowMs: number
  readonly owners: readonly HubSpotOwner[]
  readonly records: Partial<Record<ObjectTypeName, StoredRecord[]>>
  readonly associations: readonly { from: ObjectRef; to: ObjectRef; typeId: number }[]
}

/** The source of records that existed before the simulator started. */
const IMPORT = { sourceType: 'IMPORT', sourceId: 'ImportId:1', userId: null } as const

export function seedFromWorld(world: World): PortalSeed {
  const { hubspot } = world
  const associations: { from: ObjectRef; to: ObjectRef; typeId: number }[] = []
  const primaryCompany = new Map<string, string>()
  for (const link of hubspot.associations) {
    const from = refOf(link.from)
    const to = refOf(link.to)
    const labels = labelsBetween(from.type, to.type)
    const plain = labels.at(-1)
    if (plain === undefined) throw new Error(`No association type from ${from.type} to ${to.type}`)
    associations.push({ from, to, typeId: plain.typeId })
    const primary = labels.find((label) => label.label === 'Primary')
    if (link.primary && primary !== undefined) {
      associations.push({ from, to, typeId: primary.typeId })
      const [member, company] = to.type === 'companies' ? [from, to] : [to, from]
      primaryCompany.set(`${member.type}/${member.id}`, company.id)
    }
  }
  const { seed, nowMs } = world
  const { owners } = hubspot
  const crowd = crowdOfHubSpot({ seed, nowMs, size: crowdSize(world.crowd ?? 0), owners })
  const contacts = hubspot.contacts.map((record) =>
    stored('contacts', record, companyProperty('associatedcompanyid', primaryCompany.get(`contacts/${record.id}`))),
  )
  const companies = hubspot.companies.map((record) => stored('companies', record, {}))
  const deals = hubspot.deals.map((record) =>
    stored('deals', record, {
      ...closedProperties(record),
      ...companyProperty('hs_primary_associated_company', primaryCompany.get(`deals/${record.id}`)),
    }),
  )
  for (const record of crowd.contacts()) contacts.push(stored('contacts', record, {}))
  for (const record of crowd.companies()) companies.push(stored('companies', record, {}))
  for (const record of crowd.deals()) deals.push(stored('deals', record, closedProperties(record)))
  const records = { contacts, companies, deals }
  return { portalId: hubspot.portalId, appId: hubspot.appId, nowMs, owners, records, associations }
}

function refOf({ type, id }: { readonly type: string; readonly id: string }): ObjectRef {
  const found = findObjectType(type)
  if (found === undefined) throw new Error(`The world links an unknown object type "${type}"`)
  return { type: found.name, id }
}

function companyProperty(name: string, companyId: string | undefined): Readonly<Record<string, string>> {
  return companyId === undefined ? {} : { [name]: companyId }
}

function closedProperties(deal: HubSpotRecord): Readonly<Record<string, string>> {
  const stage = deal.properties.dealstage ?? ''
  return {
    hs_is_closed: String(['closedwon', 'closedlost'].includes(stage)),
    hs_is_closed_won: String(stage === 'closedwon'),
  }
}

function stored(type: ObjectTypeName, record: HubSpotRecord, computed: Readonly<Record<string, string>>): StoredRecord {
  const history = new Map<string, HistoryEntry[]>()
  for (const [name, entries] of Object.entries(record.history ?? {})) {
    history.set(
      name,
      entries.map(({ value, atMs, sourceType, sourceId }) => {
        const user = /^userId:(\d+)$/.exec(sourceId)?.[1]
        return { value, atMs, sourceType, sourceId, userId: user === undefined ? null : Number(user) }
      }),
    )
  }
  return {
    id: record.id,
    type,
    createdAtMs: record.createdAtMs,
    updatedAtMs: record.modifiedAtMs,
    archivedAtMs: null,
    gone: false,
    properties: { ...record.properties, ...computed },
    history,
    createdBy: IMPORT,
  }
}
