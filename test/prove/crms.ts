import { randomUUID } from 'node:crypto'
import { startHubSpotSandbox } from '../../sandbox/hubspot/app.ts'
import { startSalesforceSandbox } from '../../sandbox/salesforce/app.ts'
import { salesforceUser } from '../../sandbox/tuesday/crm-user.ts'
import { generateWorld } from '../../sandbox/world/generate.ts'
import { hubSpotClient } from '../../src/crm/hubspot/client.ts'
import { openPortal } from '../../src/crm/hubspot/portal/portal.ts'
import { type CrmAddressOfProof, connectionIdOf, NO_BUDGET } from './open-client.ts'

/** A sandbox CRM as somebody who works in it sees it. */
export type CrmOfProof = {
  readonly address: CrmAddressOfProof
  readonly object: string
  readonly ownerField: string
  /** Makes a record that belongs to `owner`. */
  newRecord(owner: string): Promise<string>
  ownerOf(id: string): Promise<string | null>
  setOwner(id: string, owner: string): Promise<void>
  /** Ids of the tasks on the record. */
  tasksOf(id: string): Promise<string[]>
  /** How many tasks there are. */
  allTasks(): Promise<number>
  /** A task is hung on its record by a call of its own. */
  readonly linksApart: boolean
  /** The next write is done, and its answer does not come. */
  loseNextAnswer(kind: 'task' | 'link' | 'owner'): Promise<void>
  clearFaults(): Promise<void>
  close(): Promise<void>
}

const world = () => generateWorld({ seed: 7, nowMs: Date.now(), scale: 0.01 })

async function control(url: string, secret: string, method: string, path: string, body?: unknown) {
  const response = await fetch(`${url}/__sandbox/${path}`, {
    method,
    headers: { 'x-sandbox-control': secret, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const answer = (await response.json()) as Record<string, unknown>
  if (!response.ok) throw new Error(JSON.stringify(answer))
  return answer
}

export async function startHubSpot(keyed: boolean): Promise<CrmOfProof> {
  // Crashes are proved here, and thousands of them: the lag of search would only make each of them seconds longer.
  const settings = { searchDelayMs: 0, rateLimit: 100_000, taskUniqueProperty: keyed }
  const sandbox = await startHubSpotSandbox({ world: world(), settings })
  const { url, appId, credentials } = sandbox
  const ask = (method: string, path: string, body?: unknown) =>
    control(url, credentials.controlSecret, method, path, body)
  const portal = openPortal({
    connectionId: connectionIdOf('hubspot', keyed),
    baseUrl: url,
    appId,
    token: async () => credentials.token,
    budget: NO_BUDGET,
    nowMs: Date.now,
  })
  await portal.taskKey.create()
  const change = async (one: object) => {
    const { results } = (await ask('POST', 'changes', { changes: [one] })) as {
      results: { ok: boolean; id: string; why?: string }[]
    }
    if (!results[0]?.ok) throw new Error(`The sandbox refused a change: ${results[0]?.why}`)
    return results[0].id
  }
  const client = hubSpotClient(portal)
  const fields = { objectType: 'contacts', fields: ['hubspot_owner_id'], historyFields: [] }
  return {
    address: { crm: 'hubspot', keyed, url, grant: { token: credentials.token, appId: Number(appId) } },
    object: 'contacts',
    ownerField: 'hubspot_owner_id',
    newRecord: (owner) =>
      change({
        op: 'create',
        objectType: 'contacts',
        properties: { email: `${randomUUID()}@proof.example`, hubspot_owner_id: owner },
      }),
    ownerOf: async (id) =>
      (await client.readRecords({ ...fields, ids: [id] })).events[0]?.fields.hubspot_owner_id ?? null,
    setOwner: async (id, owner) =>
      void (await change({ op: 'update', objectType: 'contacts', id, properties: { hubspot_owner_id: owner } })),
    linksApart: keyed,
    allTasks: async () => ((await ask('GET', 'tasks')) as { tasks: unknown[] }).tasks.length,
    async tasksOf(id) {
      const { tasks } = (await ask('GET', 'tasks')) as { tasks: { id: string; about: { id: string }[] }[] }
      return tasks.filter(({ about }) => about.some((one) => one.id === id)).map((task) => task.id)
    },
    async loseNextAnswer(kind) {
      const paths = {
        owner: '/crm/objects/2026-03/contacts/batch/update',
        task: `/crm/objects/2026-03/tasks/batch/${keyed ? 'upsert' : 'create'}`,
        link: '/crm/associations/2026-03/tasks/contacts/batch/create',
      }
      const path = paths[kind === 'link' && !keyed ? 'task' : kind]
      await ask('POST', 'faults', { kind: 'commit-then-hang', method: 'POST', path })
    },
    clearFaults: async () => void (await ask('DELETE', 'faults')),
    close: () => sandbox.close(),
  }
}

export async function startSalesforce(keyed: boolean): Promise<CrmOfProof> {
  const sandbox = await startSalesforceSandbox({ world: world() })
  const { url, credentials, pubsubAddress } = sandbox
  const ask = (method: string, path: string, body?: unknown) =>
    control(url, credentials.controlSecret, method, path, body)
  await ask('POST', 'settings', { taskExternalId: keyed })
  const { userClientId, userClientSecret, clientId, clientSecret } = credentials
  const person = await salesforceUser({ loginUrl: url, instanceUrl: url, userClientId, userClientSecret } as Parameters<
    typeof salesforceUser
  >[0])
  return {
    address: { crm: 'salesforce', keyed, url, grant: { clientId, clientSecret, pubsubAddress } },
    object: 'Lead',
    ownerField: 'OwnerId',
    newRecord: (owner) =>
      person.create('Lead', { LastName: 'Proof', Company: randomUUID(), Status: 'New', OwnerId: owner }),
    ownerOf: async (id) =>
      (await person.query<{ OwnerId: string }>(`SELECT OwnerId FROM Lead WHERE Id = '${id}'`))[0]?.OwnerId ?? null,
    setOwner: async (id, owner) => void (await person.update('Lead', id, { OwnerId: owner })),
    linksApart: false,
    allTasks: async () => ((await ask('GET', 'tasks')) as { tasks: unknown[] }).tasks.length,
    tasksOf: async (id) =>
      (await person.query<{ Id: string }>(`SELECT Id FROM Task WHERE WhoId = '${id}'`)).map((row) => row.Id),
    async loseNextAnswer(kind) {
      const path = kind !== 'owner' && keyed ? '/composite/sobjects/Task' : '/composite/sobjects'
      await ask('POST', 'faults', { kind: 'commit-then-hang', path: `/services/data/v67.0${path}` })
    },
    clearFaults: async () => void (await ask('DELETE', 'faults')),
    close: () => sandbox.close(),
  }
}
