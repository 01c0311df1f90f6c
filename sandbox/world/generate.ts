import type { HubSpotDraft } from './books/hubspot-draft.ts'
import { injectAccountDefects } from './defects/defects-of-accounts.ts'
import { injectPeopleDefects } from './defects/defects-of-people.ts'
import { injectDuplicatesOfPeople } from './defects/duplicates-of-people.ts'
import { setTraps } from './defects/traps.ts'
import { seededRandom } from './market/random.ts'
import { populate } from './population/population.ts'
import type { HubSpotRecord, World } from './records/world.ts'

/**
 * The records of both sandbox CRMs: the same seed and the same moment give the same world, on every machine.
 * Scale 1 is a mid-sized company (above 5,000 contacts and leads each); 0.1 is enough for tests.
 */
export function generateWorld({
  seed,
  nowMs,
  scale = 1,
  records = 0,
}: {
  readonly seed: number
  readonly nowMs: number
  readonly scale?: number
  /** Additional plain records in both CRMs, for benchmarks. */
  readonly records?: number
}): World {
  const draft = populate(seededRandom(seed), nowMs, scale)
  injectPeopleDefects(draft)
  injectDuplicatesOfPeople(draft)
  injectAccountDefects(draft)
  setTraps(draft)
  const { hubspot, salesforce } = draft
  return {
    seed,
    nowMs,
    hubspot: {
      portalId: 4_471_001,
      appId: 9_180_042,
      owners: hubspot.owners,
      contacts: hubspot.contacts.map(finished),
      companies: hubspot.companies.map(finished),
      deals: hubspot.deals.map(finished),
      associations: hubspot.associations,
    },
    salesforce: {
      orgId: salesforce.orgId,
      integrationUserId: salesforce.integrationUserId,
      ...salesforce.tables,
    },
    labels: draft.labels,
    crowd: records,
  }
}

function finished({ history, ...record }: HubSpotDraft): HubSpotRecord {
  return Object.keys(history).length === 0 ? record : { ...record, history }
}
