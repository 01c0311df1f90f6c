import { TERRITORIES } from '../brightwater/cast.ts'
import type { HubSpotOwner, HubSpotRecord } from '../records/world.ts'
import {
  type CrowdSize,
  crowdOrganisation,
  crowdOwner,
  crowdPerson,
  crowdTimes,
  DAY_MS,
  drawFor,
  FLAWS,
  recently,
} from './crowd.ts'

/** Above every id of the handwritten world; HubSpot's ids rise in the order of creation. */
const FIRST_ID = { contacts: 31_000_000_000, companies: 19_500_000_000, deals: 8_000_000_000 } as const
const STAGES = ['appointmentscheduled', 'qualifiedtobuy', 'contractsent', 'closedwon', 'closedlost'] as const
const IN_SCOPE = ['lead', 'marketingqualifiedlead'] as const
const ELSEWHERE = ['subscriber', 'opportunity', 'customer', 'other'] as const
const STATUSES = ['NEW', 'OPEN', 'IN_PROGRESS', 'CONNECTED'] as const

type Crowd = {
  readonly seed: number
  readonly nowMs: number
  readonly size: CrowdSize
  /** Empty: not an owner in this portal. */
  readonly ownerId: (email: string) => string
}

/**
 * HubSpot's part of the crowd, one generator per object, so that a million records are never held twice. Company links
 * are in the properties that HubSpot computes, not among the associations.
 */
export function crowdOfHubSpot(options: {
  readonly seed: number
  readonly nowMs: number
  readonly size: CrowdSize
  readonly owners: readonly HubSpotOwner[]
}) {
  const { owners, ...rest } = options
  const idOf = new Map(owners.map((owner) => [owner.email, owner.id]))
  const crowd: Crowd = { ...rest, ownerId: (email) => idOf.get(email) ?? '' }
  return { contacts: () => contacts(crowd), companies: () => companies(crowd), deals: () => deals(crowd) }
}

function* companies({ seed, nowMs, size, ownerId }: Crowd): Generator<HubSpotRecord> {
  for (let j = 0; j < size.companies; j += 1) {
    const organisation = crowdOrganisation(seed, j)
    const draw = drawFor(seed, 11, j)
    yield {
      id: String(FIRST_ID.companies + j),
      ...crowdTimes(draw, nowMs),
      properties: {
        name: organisation.name,
        domain: organisation.domain,
        phone: organisation.phone,
        country: draw.in1000(FLAWS.blankCountry) ? '' : organisation.country.iso,
        city: organisation.city,
        industry: draw.in1000(FLAWS.blankIndustry) ? '' : organisation.industry.hubspot,
        numberofemployees: String(organisation.employees),
        lifecyclestage: draw.in1000(250) ? 'customer' : 'opportunity',
        type: 'PROSPECT',
        territory: draw.in1000(FLAWS.wrongTerritory) ? draw.pick(TERRITORIES).id : organisation.territory,
        hubspot_owner_id: ownerId(crowdOwner(draw, organisation.owner)),
      },
    }
  }
}

function* contacts({ seed, nowMs, size, ownerId }: Crowd): Generator<HubSpotRecord> {
  for (let i = 0; i < size.contacts; i += 1) {
    const j = i % Math.max(1, size.companies)
    const person = crowdPerson(seed, i, crowdOrganisation(seed, j))
    const { organisation } = person
    const draw = drawFor(seed, 12, i)
    const times = crowdTimes(draw, nowMs)
    const inScope = draw.in1000(400)
    const isStale = draw.in1000(FLAWS.staleStatus)
    const statusAtMs =
      inScope && draw.in1000(300)
        ? isStale
          ? Math.max(times.createdAtMs, nowMs - (60 + draw.below(200)) * DAY_MS)
          : recently(draw, nowMs, times.createdAtMs)
        : null
    const status = draw.pick(STATUSES)
    yield {
      id: String(FIRST_ID.contacts + i),
      createdAtMs: times.createdAtMs,
      modifiedAtMs: Math.max(times.modifiedAtMs, statusAtMs ?? 0),
      properties: {
        email: person.email,
        firstname: person.first,
        lastname: person.last,
        phone: draw.in1000(800) ? person.phone : '',
        company: organisation.name,
        jobtitle: person.title,
        country: draw.in1000(FLAWS.blankCountry) ? '' : organisation.country.iso,
        city: organisation.city,
        lifecyclestage: inScope ? draw.pick(IN_SCOPE) : draw.pick(ELSEWHERE),
        territory: draw.in1000(FLAWS.wrongTerritory) ? draw.pick(TERRITORIES).id : organisation.territory,
        hubspot_owner_id: ownerId(crowdOwner(draw, organisation.owner)),
        associatedcompanyid: size.companies === 0 ? '' : String(FIRST_ID.companies + j),
        hs_lead_status: statusAtMs === null ? '' : status,
      },
      ...(statusAtMs === null
        ? {}
        : {
            history: {
              hs_lead_status: [{ value: status, atMs: statusAtMs, sourceType: 'CRM_UI', sourceId: 'userId:51200003' }],
            },
          }),
    }
  }
}

function* deals({ seed, nowMs, size, ownerId }: Crowd): Generator<HubSpotRecord> {
  for (let k = 0; k < size.deals; k += 1) {
    const j = (k * 7) % Math.max(1, size.companies)
    const organisation = crowdOrganisation(seed, j)
    const draw = drawFor(seed, 13, k)
    const stage = draw.pick(STAGES)
    const times = crowdTimes(draw, nowMs)
    yield {
      id: String(FIRST_ID.deals + k),
      ...times,
      properties: {
        dealname: `${organisation.name} - sensor pilot`,
        pipeline: 'default',
        dealstage: stage,
        amount: String(1_000 * (1 + draw.below(60))),
        closedate: new Date(nowMs + (draw.below(200) - 100) * DAY_MS).toISOString(),
        hubspot_owner_id: ownerId(organisation.owner),
        hs_primary_associated_company: size.companies === 0 ? '' : String(FIRST_ID.companies + j),
      },
    }
  }
}
