import { freshContact, freshLead } from '../world/defects/fresh-records.ts'
import { COUNTRIES } from '../world/geography/countries.ts'
import { JOB_TITLES } from '../world/market/names.ts'
import { smallBusiness, undecided, waitingContact } from './morning.ts'
import type { SandboxAddresses } from './sandbox-addresses.ts'
import { untouched } from './untouched.ts'
import {
  createInHubSpot,
  createInSalesforce,
  enterWorkplace,
  updateInHubSpot,
  updateInSalesforce,
  type Workplace,
} from './workplace.ts'

/** About three changes a second in both CRMs together, far below either rate limit. */
const BETWEEN_CHANGES_MS = 330

/** A fault on command is normal; after this many failures in a row the CRM counts as gone. */
const FAILURES_MAX = 30

/** Makes ordinary changes until `signal`: new people, harmless edits, and now and then a cleared field. */
export async function liveOn(addresses: SandboxAddresses, signal: AbortSignal): Promise<void> {
  const work = await enterWorkplace(addresses, Date.now() % 1_000_000)
  let failures = 0
  while (!signal.aborted) {
    try {
      await somebodyDoesSomething(work)
      failures = 0
    } catch (error) {
      failures += 1
      if (failures >= FAILURES_MAX) throw error
    }
    await pause(BETWEEN_CHANGES_MS * (0.5 + work.paper.random.next()), signal)
  }
}

export async function somebodyDoesSomething(work: Workplace): Promise<void> {
  const { paper } = work
  const { random } = paper
  const deed = random.weighted([
    [async () => editContact(work), 30],
    [async () => editLead(work), 30],
    [async () => newContact(work), 12],
    [async () => newLead(work), 12],
    [async () => ownedNewcomers(work), 6],
    [async () => loseField(work), 1],
  ])
  await deed()
}

async function editContact(work: Workplace): Promise<void> {
  const { random } = work.paper
  // The same record may be edited several times; that creates no defect.
  const row = random.pick(work.before.contacts.filter((contact) => (contact.properties.hubspot_owner_id ?? '') !== ''))
  const properties = { jobtitle: random.pick(JOB_TITLES) }
  await updateInHubSpot(work, 'contacts', [{ id: row.id, properties }]).catch(whenGone)
}

async function editLead(work: Workplace): Promise<void> {
  const { random } = work.paper
  const labelled = new Set(work.before.labels.map((label) => label.recordId))
  const row = random.pick(work.before.leads)
  if (labelled.has(row.Id) || row.IsConverted === true) return
  await updateInSalesforce(work, 'Lead', row.Id, { Rating: random.pick(['Hot', 'Warm', 'Cold']) }).catch(whenGone)
}

/** Another user may have merged or deleted the record meanwhile. */
function whenGone(error: unknown): void {
  if (!/ 404:|ENTITY_IS_DELETED/.test(String(error))) throw error
}

async function newContact(work: Workplace): Promise<void> {
  const { paper } = work
  const person = paper.random.chance(0.5) ? paper.people.alone() : paper.people.at(smallBusiness(paper))
  const id = await createInHubSpot(work, 'contacts', waitingContact(paper, person))
  await work.admit(...undecided(person, 'hubspot', 'contacts', id))
}

async function newLead(work: Workplace): Promise<void> {
  const { paper } = work
  const person = paper.random.chance(0.5) ? paper.people.alone() : paper.people.at(smallBusiness(paper))
  const draft = freshLead(paper, person, { owner: paper.salesforce.inboundQueueId, status: 'Open' })
  const id = await createInSalesforce(work, 'Lead', { ...draft, OwnerId: work.inboundQueueId })
  await work.admit(...undecided(person, 'salesforce', 'Lead', id))
}

async function ownedNewcomers(work: Workplace): Promise<void> {
  const { paper } = work
  const person = paper.people.alone(paper.random.pick(COUNTRIES))
  await createInHubSpot(work, 'contacts', freshContact(paper, person))
  if (paper.random.chance(0.5)) await createInSalesforce(work, 'Lead', freshLead(paper, person))
}

async function loseField(work: Workplace): Promise<void> {
  const [row] = untouched(work, 'companies', 1)
  if (row === undefined) return
  await updateInHubSpot(work, 'companies', [{ id: row.id, properties: { industry: '' } }])
  await work.admit({
    pattern: 'missing-field',
    crm: 'hubspot',
    objectType: 'companies',
    recordId: row.id,
    detail: 'industry',
    why: 'industry was cleared today',
  })
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
}
