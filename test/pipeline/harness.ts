import { createHash } from 'node:crypto'
import { after } from 'node:test'
import { sql } from 'kysely'
import '../../src/crm/registry.ts'
import { fieldsNeeded } from '../../src/model/patterns/contract/fields-needed.ts'
import { canonicalJson } from '../../src/model/policy/canonical.ts'
import type { Policy, PolicyVersion } from '../../src/model/policy/policy.ts'
import type { ChangeEvent, ConnectionId, Crm } from '../../src/model/record/change-event.ts'
import { crmProfile } from '../../src/model/record/crm-profile.ts'
import { actBatch } from '../../src/pipeline/act/act.ts'
import type { ActDependencies } from '../../src/pipeline/act/contract.ts'
import { applyBatch } from '../../src/pipeline/apply/apply.ts'
import { decideBatch } from '../../src/pipeline/decide/decide-changes.ts'
import { publishPolicies, refreshReadiness } from '../../src/pipeline/decide/publish-policies.ts'
import { createWorkflowReader } from '../../src/pipeline/decide/running-workflows.ts'
import { checkPeople } from '../../src/pipeline/read/check-people.ts'
import { refreshBatch } from '../../src/pipeline/read/refresh.ts'
import { syncPeople } from '../../src/pipeline/read/sync-people.ts'
import { receiveEvents } from '../../src/pipeline/receive/receive.ts'
import { verifyClosedTasks } from '../../src/pipeline/verify/verify-closed-tasks.ts'
import { saveBaseline } from '../../src/store/connections/baseline.ts'
import { setWriting } from '../../src/store/connections/write-permission.ts'
import { beat } from '../../src/store/database/counters.ts'
import type { Database } from '../../src/store/database/database.ts'
import { saveConnection } from '../../src/store/lifecycle/save-connection.ts'
import { testDatabase } from '../support/database.ts'
import { markRules } from '../support/mark-rules.ts'
import { FakeCrm } from './fake-crm.ts'

/** 2026-11-24 10:00 in Berlin, a Tuesday morning. */
export const TUESDAY_MS = Date.parse('2026-11-24T09:00:00Z')

export type Harness = Awaited<ReturnType<typeof pipelineHarness>>

/** The stages on real Postgres with a CRM in memory, run by hand: what happens between two stages is up to the test. */
export async function pipelineHarness(policies: (crm: FakeCrm) => Policy[], crmName: Crm = 'hubspot') {
  const database = await testDatabase()
  const { db } = database
  const crm = new FakeCrm(crmName, `${crmName}-1`, TUESDAY_MS - 86_400_000)
  let nowMs = TUESDAY_MS
  const documents = policies(crm)
  await saveConnection(db, {
    id: crm.connectionId,
    crm: crmName,
    baseUrl: 'http://127.0.0.1:1',
    identity: {
      accountId: '1',
      title: 'Fake',
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
  await setWriting(db, crm.connectionId, { allowed: true, by: 'test' })
  await saveBaseline(db, crm.connectionId, { done: true, objects: {} })
  await syncPeople(db, crm.client(), crm.connectionId)
  const files = {
    loaded: documents.map((policy) => ({ file: `${policy.workflow}.yaml`, source: '', version: versionOf(policy) })),
    refused: [],
  }
  await publishPolicies(db, files)
  // What rules settle here is risky, so they are marked for it.
  for (const policy of documents) await markRules(db, policy)
  const workflows = createWorkflowReader(db)
  const connection = { id: crm.connectionId as ConnectionId, crm: crmName, timeZone: 'Europe/Berlin', taskKey: null }
  const fieldsOf = (c: Crm, objectType: string) => fieldsNeeded(documents, c, objectType)
  const actDependencies = (instance = 'test'): ActDependencies => ({
    db,
    client: crm.client(),
    connection,
    fieldsOf,
    workflowTitle: (workflow) => workflow,
    caseUrl: (id) => `http://console/cases/${id}`,
    listUrl: (id) => `http://console/cases?task=${id}`,
    nowMs: () => nowMs,
    instance,
  })
  await beat(db, 'worker', 'test')

  const harness = {
    db,
    url: database.url,
    crm,
    connection,
    workflows,
    actDependencies,
    advance(ms: number) {
      nowMs += ms
    },
    receive: (...events: ChangeEvent[]) => receiveEvents(db, events),
    async apply() {
      while ((await applyBatch(db, connection)).taken > 0);
    },
    async refresh() {
      await harness.checkPeople()
      await sql`update record set read_after = null`.execute(db)
      while ((await refreshBatch({ db, client: crm.client(), connection, fieldsOf, nowMs: () => nowMs })).taken > 0)
        await harness.apply()
    },
    async decide() {
      while ((await decideBatch(connection, { db, workflows, nowMs: () => nowMs })).taken > 0);
    },
    act: (instance?: string) => actBatch(actDependencies(instance)),
    verify: () => verifyClosedTasks(db, crm.connectionId, nowMs),
    /** What runs is worked out again, as after every change of people. */
    republish: () => refreshReadiness(db),
    people: () => syncPeople(db, crm.client(), crm.connectionId),
    /** Asks the CRM about the users who wait for that, without the pauses between two attempts. */
    async checkPeople() {
      await sql`update user_check set ask_after = now() where ask_after <> 'infinity'`.execute(db)
      return checkPeople(db, crm.client(), crm.connectionId)
    },
    /** Everything once around until nothing moves: what the workers do, in one process and in order. */
    async settle() {
      for (let round = 0; round < 10; round += 1) {
        await harness.apply()
        await harness.refresh()
        await harness.decide()
        const { changed } = await harness.checkPeople()
        await sql`update intent set next_attempt_at = now() where state in ('pending', 'unknown')`.execute(db)
        await sql`update task t set rests_until = null where exists (
          select 1 from intent i where i.task_id = t.id and i.state = 'pending')`.execute(db)
        const acted = await harness.act()
        const verified = await harness.verify()
        await harness.apply()
        if (
          acted.taken === 0 &&
          changed.length === 0 &&
          !verified.toRead &&
          verified.reopened + verified.leftClosed === 0
        )
          return
      }
      throw new Error('The pipeline did not come to rest in 10 rounds')
    },
    async openExceptions() {
      const { rows } = await sql<{
        id: number
        pattern: string
        class: string
        subject: string
        owner_email: string
        task_id: number | null
        status: string
        what: string
      }>`select id, pattern, class, subject, owner_email, task_id, status, what from exception where status = 'open' order by id`.execute(
        db,
      )
      return rows
    },
    /** What is not known and holds records, `object/field/reason`, with how many records each holds. */
    unknownInputs: () => unknownInputs(db),
    /** A person closes the task in the CRM; its event is received. */
    async closeTask(taskId: string) {
      const task = crm.tasks.get(taskId)!
      task.status = 'done'
      const [object, fields] =
        crmName === 'hubspot'
          ? (['tasks', { hs_task_status: 'COMPLETED' }] as const)
          : (['Task', { IsClosed: 'true' }] as const)
      await harness.receive(crm.change(object, taskId, fields))
    },
    stop: () => database.drop(),
  }
  return harness
}

/** Starts a harness and decides these contacts, which nobody owns. */
export async function withDecidedContacts(
  start: () => Promise<Harness>,
  country: string,
  ids: readonly string[] = ['1'],
): Promise<Harness> {
  const h = await start()
  for (const id of ids) {
    await h.receive(
      h.crm.change('contacts', id, { createdate: '2026-11-20T08:00:00.000Z', country, hubspot_owner_id: null }),
    )
  }
  await h.apply()
  await h.refresh()
  await h.decide()
  return h
}

export async function unknownInputs(db: Database): Promise<Record<string, number>> {
  const { rows } = await sql<{ input: string; held: number }>`
    select object_type || '/' || field || '/' || why as input, held from unknown_input where held > 0 order by 1`.execute(
    db,
  )
  return Object.fromEntries(rows.map(({ input, held }) => [input, held]))
}

export function versionOf(policy: Policy): PolicyVersion {
  return { hash: createHash('sha256').update(canonicalJson(policy)).digest('hex'), policy }
}

/** A complete small policy on HubSpot contacts; a test changes what it is about. */
export function contactPolicy(change: Partial<Policy> = {}): Policy {
  const everyone = [
    'gen@x.example',
    'sen@x.example',
    'app@x.example',
    'over@x.example',
    'roll@x.example',
    'bound@x.example',
    'data@x.example',
    'wf@x.example',
  ]
  return {
    workflow: 'routing',
    title: 'Contact routing',
    objects: [{ crm: 'hubspot', object: 'contacts' }],
    action: {
      kind: 'assign-owner',
      says: 'Gives a contact to its owner',
      when: [{ field: 'fact.ownerState', op: 'in', values: ['none'] }],
    },
    ifWrongForTwoWeeks: 'Leads wait for nobody.',
    mode: 'live',
    pilot: null,
    scope: [],
    owners: {
      reviewers: { general: ['gen@x.example'], senior: ['sen@x.example'], approved: ['app@x.example'] },
      override: 'over@x.example',
      rollback: 'roll@x.example',
      boundary: 'bound@x.example',
      data: 'data@x.example',
      workflow: 'wf@x.example',
      accepted: Object.fromEntries(everyone.map((email) => [email, '2026-11-01'])),
    },
    patterns: [
      { pattern: 'missing-field', fields: ['country'], graceMinutes: 30 },
      { pattern: 'orphaned-owner', blankCounts: false },
      { pattern: 'no-rule' },
      { pattern: 'branch-review' },
    ],
    classes: [
      { pattern: 'missing-field', when: [], class: 'expected', because: 'A blank is filled in.' },
      { pattern: 'orphaned-owner', when: [], class: 'risky', because: 'Nobody works it.' },
      { pattern: 'branch-review', when: [], class: 'expected', because: 'Known branch.' },
    ],
    boundary: [
      {
        branch: 'all',
        when: [],
        mode: 'rules',
        because: 'Ownership by country.',
        rules: [
          {
            id: 'de',
            when: [{ field: 'country', op: 'in', values: ['DE'] }],
            owner: 'rep@x.example',
            because: 'Germany is Rep.',
          },
        ],
        settles: [],
        settlesClasses: [],
      },
    ],
    guards: {
      deadlineMinutes: { expected: 960, risky: 480, 'customer-facing': 240, 'revenue-impacting': 240, unknown: 480 },
      capacity: 50,
      revenueThreshold: 50_000,
    },
    territories: [],
    calendar: {
      timeZone: 'Europe/Berlin',
      workingDays: [1, 2, 3, 4, 5],
      opensAtMinute: 540,
      closesAtMinute: 1_080,
      holidays: [],
    },
    ...change,
  }
}

/** Starts harnesses of a fully staffed company that routes contacts; they stop when the tests of the `describe` are over. */
export function routingHarnesses(): () => Promise<Harness> {
  const started: Harness[] = []
  after(() => Promise.all(started.map((harness) => harness.stop())))
  return async () => {
    const harness = await pipelineHarness((crm) => {
      staff(crm)
      return [contactPolicy()]
    })
    started.push(harness)
    return harness
  }
}

/** Everyone whom `contactPolicy` names, and a representative. */
export function staff(crm: FakeCrm): void {
  for (const who of ['gen', 'sen', 'app', 'over', 'roll', 'bound', 'data', 'wf', 'rep']) crm.person(`${who}@x.example`)
}
