import { sql } from 'kysely'
import type { Policy } from '../../src/model/policy/policy.ts'
import type { ChangeEvent, ConnectionId, Crm } from '../../src/model/record/change-event.ts'
import { crmProfile } from '../../src/model/record/crm-profile.ts'
import { actBatch } from '../../src/pipeline/act/act.ts'
import { applyBatch } from '../../src/pipeline/apply/apply.ts'
import { type Decided, decideBatch } from '../../src/pipeline/decide/decide-changes.ts'
import { syncPeople } from '../../src/pipeline/read/sync-people.ts'
import { receiveEvents } from '../../src/pipeline/receive/receive.ts'
import { saveBaseline } from '../../src/store/connections/baseline.ts'
import { setWriting } from '../../src/store/connections/write-permission.ts'
import { saveConnection } from '../../src/store/lifecycle/save-connection.ts'
import { FakeCrm } from './fake-crm.ts'
import { contactPolicy, type Harness, pipelineHarness, staff, TUESDAY_MS } from './harness.ts'

/** One connection of a company that has several, with its stages run by hand. */
export type Branch = ReturnType<typeof branchOf>

export type Person = { readonly email: string; readonly owner: string; readonly createdAt: string }

function branchOf(h: Harness, crm: FakeCrm) {
  const { db, workflows } = h
  const connection = { id: crm.connectionId as ConnectionId, crm: crm.crm, timeZone: 'Europe/Berlin', taskKey: null }
  const decideOnce = (): Promise<Decided> => decideBatch(connection, { db, workflows, nowMs: () => TUESDAY_MS })
  const isHubSpot = crm.crm === 'hubspot'
  const branch = {
    crm,
    connection,
    decideOnce,
    /** Somebody creates or changes a person in the CRM, and its event is folded. */
    async person(id: string, { email, owner, createdAt }: Person): Promise<void> {
      const ownerId = crm.users.find((user) => user.email === owner)?.userId ?? null
      const event = isHubSpot
        ? crm.change('contacts', id, { email, hubspot_owner_id: ownerId, createdate: createdAt, country: 'DE' })
        : crm.change('Lead', id, { Email: email, OwnerId: ownerId, CreatedDate: createdAt, Country: 'DE' })
      await branch.receive({ ...event, complete: true })
    },
    async receive(...events: ChangeEvent[]): Promise<void> {
      await receiveEvents(db, events)
      while ((await applyBatch(db, connection)).taken > 0);
    },
    async decide(): Promise<void> {
      for (;;) {
        const { taken, more } = await decideOnce()
        if (taken === 0 && !more) return
      }
    },
    async act(): Promise<void> {
      await sql`update intent set next_attempt_at = now() where state = 'pending'`.execute(db)
      await actBatch({ ...h.actDependencies(), client: crm.client(), connection })
    },
    /** The records that wait to be decided. */
    async dirty(): Promise<string[]> {
      const { rows } = await sql<{ id: string }>`select record_id as id from record
        where connection_id = ${connection.id} and dirty_since is not null order by 1`.execute(db)
      return rows.map(({ id }) => id)
    },
    /** The open cases, `pattern subject`. */
    async cases(workflow?: string): Promise<string[]> {
      const { rows } = await sql<{ pattern: string; id: string }>`select pattern, record_id as id from exception
        where connection_id = ${connection.id} and status = 'open' and (${workflow ?? null}::text is null or workflow = ${workflow ?? null})
        order by 1, 2`.execute(db)
      return rows.map(({ pattern, id }) => `${pattern} ${id}`)
    },
    ownerOf: (id: string) =>
      crm.users.find(
        ({ userId }) =>
          userId ===
          crm.records.get(isHubSpot ? `contacts/${id}` : `Lead/${id}`)?.[isHubSpot ? 'hubspot_owner_id' : 'OwnerId'],
      )?.email,
  }
  return branch
}

/** Workflows that watch one object of one CRM each, and compare with people of both. */
export function comparingPolicies(change: Partial<Policy> = {}): Policy[] {
  const against = [
    { crm: 'hubspot', object: 'contacts' },
    { crm: 'salesforce', object: 'Lead' },
  ]
  const patterns = [{ pattern: 'duplicate-ownership', against }, { pattern: 'no-rule' }]
  const boundary = (country: string) => [
    {
      branch: 'all',
      when: [],
      mode: 'rules' as const,
      because: 'Ownership by country.',
      rules: [
        {
          id: 'de',
          when: [{ field: country, op: 'in' as const, values: ['DE'] }],
          owner: 'rep@x.example',
          because: 'Rep.',
        },
      ],
      settles: [],
      settlesClasses: [],
    },
  ]
  return [
    contactPolicy({ patterns, boundary: boundary('country'), ...change }),
    contactPolicy({
      workflow: 'leads',
      title: 'Lead routing',
      objects: [{ crm: 'salesforce', object: 'Lead' }],
      patterns,
      boundary: boundary('Country'),
      ...change,
    }),
  ]
}

/** A company with a HubSpot portal that is imported. More connections are added to it. */
export async function company(policies: readonly Policy[] = comparingPolicies(), hire = staff) {
  const h = await pipelineHarness((crm) => {
    hire(crm)
    return [...policies]
  })
  const add = async (
    crmName: Crm,
    id: string,
    { imported, hires = hire }: { readonly imported: boolean; readonly hires?: (crm: FakeCrm) => void },
  ): Promise<Branch> => {
    const crm = new FakeCrm(crmName, id, TUESDAY_MS - 86_400_000)
    hires(crm)
    await saveConnection(h.db, {
      id: id as ConnectionId,
      crm: crmName,
      baseUrl: 'http://127.0.0.1:1',
      identity: {
        accountId: id,
        title: id,
        timeZone: 'Europe/Berlin',
        actorId: null,
        actorName: null,
        edition: null,
        pagesUrl: null,
      },
      credentials: Buffer.from('none'),
      taskKey: { enforced: true, field: 'key', why: 'fake' },
      callLimit: crmProfile(crmName).callLimits,
    })
    await setWriting(h.db, id, { allowed: true, by: 'test' })
    await saveBaseline(h.db, id, { done: imported, objects: {} })
    await syncPeople(h.db, crm.client(), id as ConnectionId)
    await h.republish()
    return branchOf(h, crm)
  }
  const importEnds = (branch: Branch) => saveBaseline(h.db, branch.connection.id, { done: true, objects: {} })
  return { h, first: branchOf(h, h.crm), add, importEnds, stop: () => h.stop() }
}

/** Companies of one suite, which end together. */
export function companies() {
  const started: { stop(): Promise<void> }[] = []
  return {
    async start(...args: Parameters<typeof company>) {
      const made = await company(...args)
      started.push(made)
      return made
    },
    stopAll: () => Promise.all(started.map((one) => one.stop())),
  }
}
