import assert from 'node:assert/strict'
import { sql } from 'kysely'
import { type Defect, foundDefects, quality } from '../../src/cli/demo/demo-results.ts'
import { verifyLedger } from '../../src/store/ledger/verify-ledger.ts'
import { type ListedTask, rows, type TestStack } from './stack.ts'

type OpenCase = {
  readonly id: number
  readonly crm: 'hubspot' | 'salesforce'
  readonly workflow: string
  readonly pattern: string
  readonly objectType: string
  readonly recordId: string
  readonly title: string
  readonly ownerEmail: string
  readonly taskId: number | null
  readonly taskKey: string | null
  readonly crmTaskId: string | null
  readonly taskOwner: string | null
  readonly taskStatus: string | null
  readonly taskObject: string | null
  /** Where we hung it. */
  readonly taskRecord: string | null
  /** That is the record of one of its cases. */
  readonly isOnOneOfThem: boolean
}

/** Open exceptions with their task as our tables have it. */
async function openCases(test: TestStack): Promise<OpenCase[]> {
  return rows<OpenCase>(
    test.db,
    sql`select e.id, c.crm, e.workflow, e.pattern, e.object_type as "objectType", e.record_id as "recordId", e.title,
      e.owner_email as "ownerEmail", e.task_id as "taskId", t.key as "taskKey", t.crm_task_id as "crmTaskId",
      t.owner_email as "taskOwner", t.status as "taskStatus", t.hung_object_type as "taskObject", t.hung_record_id as "taskRecord",
      exists (select 1 from exception o where o.task_id = t.id and o.object_type = t.hung_object_type
        and o.record_id = t.hung_record_id) as "isOnOneOfThem"
    from exception e join connection c on c.id = e.connection_id left join task t on t.id = e.task_id
    -- one whose task a person closed twice without a change waits without one
    where e.status = 'open' and e.waits_since is null order by e.id`,
  )
}

async function ourTasks(test: TestStack): Promise<Record<'hubspot' | 'salesforce', ListedTask[]>> {
  const ours = (tasks: ListedTask[]) => tasks.filter(({ key }) => key?.startsWith('lk-'))
  return { hubspot: ours(await test.hubspot.tasks()), salesforce: ours(await test.salesforce.tasks()) }
}

/** Promise 4, with the CRMs as the witness: no key twice, no two open tasks for one cause, none that we do not know. */
export async function assertNoDuplicateTasks(test: TestStack): Promise<void> {
  const listed = await ourTasks(test)
  const known = new Map(
    (
      await rows<{ key: string; cause: string; crm: string; crmTaskId: string; status: string }>(
        test.db,
        sql`select t.key, t.connection_id || '/' || t.workflow || '/' || t.cause as cause, c.crm,
          t.crm_task_id as "crmTaskId", t.status from task t join connection c on c.id = t.connection_id`,
      )
    ).map((task) => [task.key, task]),
  )
  for (const crm of ['hubspot', 'salesforce'] as const) {
    assert.ok(listed[crm].length > 0, `no task of ours in ${crm}: the check would see nothing`)
    const keys = listed[crm].map(({ key }) => key)
    assert.deepEqual(
      keys.filter((key, i) => keys.indexOf(key) !== i),
      [],
      `keys twice in ${crm}`,
    )
    const causes = new Map<string, string>()
    for (const task of listed[crm].filter(({ open }) => open)) {
      const row = known.get(task.key!)
      assert.ok(row, `task ${task.id} in ${crm} is open and nobody remembers writing it`)
      assert.equal(row.crm, crm)
      assert.equal(causes.get(row.cause), undefined, `two open tasks for ${row.cause}`)
      causes.set(row.cause, task.id)
    }
  }
}

/** Every case has its task under the named owner, and every open task of ours has a case. Both directions. */
export async function assertCasesHaveTasks(test: TestStack): Promise<void> {
  const listed = await ourTasks(test)
  const byId = {
    hubspot: new Map(listed.hubspot.map((task) => [task.id, task])),
    salesforce: new Map(listed.salesforce.map((task) => [task.id, task])),
  }
  const cases = await openCases(test)
  assert.ok(cases.length > 0, 'no open case: the check would see nothing')
  const withCase = new Set<string>()
  const wrong: string[] = []
  for (const item of cases) {
    const name = `case ${item.id} (${item.pattern} of ${item.crm} ${item.objectType} ${item.recordId})`
    const task = item.crmTaskId === null ? undefined : byId[item.crm].get(item.crmTaskId)
    if (!task) wrong.push(`${name} has no task in the CRM`)
    else {
      withCase.add(`${item.crm}/${task.id}`)
      if (!task.open || item.taskStatus !== 'open') wrong.push(`${name} has a closed task`)
      if (task.key !== item.taskKey) wrong.push(`${name}: key ${task.key} in the CRM, ${item.taskKey} here`)
      if (task.ownerEmail !== item.ownerEmail || item.taskOwner !== item.ownerEmail)
        wrong.push(`${name} names ${item.ownerEmail}; its task ${item.taskOwner}, the CRM ${task.ownerEmail}`)
      // The case of an input that is not known is about no record.
      if (item.objectType !== '' && item.recordId !== '' && !item.isOnOneOfThem)
        wrong.push(`${name}: its task is on ${item.taskObject} ${item.taskRecord}, the record of no case of it`)
      if (
        item.taskRecord !== null &&
        !task.about.some(({ objectType, id }) => objectType === item.taskObject && id === item.taskRecord)
      )
        wrong.push(
          `${name}: its task hangs on ${JSON.stringify(task.about)}, not ${item.taskObject} ${item.taskRecord}`,
        )
    }
  }
  for (const crm of ['hubspot', 'salesforce'] as const) {
    for (const task of listed[crm])
      if (task.open && !withCase.has(`${crm}/${task.id}`)) wrong.push(`${crm} task ${task.id} is open without a case`)
  }
  assert.deepEqual(wrong, [])
}

/** Against what the sandbox did to its own data, which the product never sees. */
export async function assertEveryDefectFound(test: TestStack): Promise<void> {
  const labels: Defect[] = []
  for (const crm of [test.hubspot, test.salesforce])
    labels.push(...(await crm.get<{ labels: Defect[] }>('labels')).labels)
  const { scores, missed, surplus } = quality(labels, await foundDefects(test.db))
  assert.deepEqual({ missed, surplus }, { missed: [], surplus: [] })
  for (const [pattern, score] of Object.entries(scores)) {
    assert.ok(score.labelled > 0, `no label for ${pattern}`)
    assert.deepEqual([score.precision, score.recall], [1, 1], pattern)
  }
}

/**
 * Promise 7: what the CRMs show that our app wrote goes back to exactly one intent. Owner writes come back to us as
 * events that the CRM itself marks as ours; tasks are listed by the CRM.
 */
export async function assertWritesHaveIntents(test: TestStack): Promise<void> {
  const { db } = test
  const echoes = await rows<{ connection_id: string; object_type: string; record_id: string; owner: string }>(
    db,
    sql`select distinct connection_id, object_type, record_id, coalesce(fields->>'hubspot_owner_id', fields->>'OwnerId') as owner
      from change_event where (actor->>'ours')::boolean and object_type not in ('tasks', 'Task')
        and source in ('webhook', 'stream') and (fields ? 'hubspot_owner_id' or fields ? 'OwnerId')`,
  )
  const owners = await rows<{
    connection_id: string
    object_type: string
    record_id: string
    owner: string
    state: string
  }>(
    db,
    sql`select connection_id, object_type, record_id, payload->>'to' as owner, state from intent where kind = 'owner'`,
  )
  const keyOf = (w: { connection_id: string; object_type: string; record_id: string; owner: string }) =>
    [w.connection_id, w.object_type, w.record_id, w.owner].join('/')
  const done = owners.filter(({ state }) => state === 'done').map(keyOf)
  assert.ok(echoes.length > 0, 'no owner was written: the check would see nothing')
  const statesOf = (key: string) => owners.filter((one) => keyOf(one) === key).map(({ state }) => state)
  assert.deepEqual(
    echoes
      .map(keyOf)
      .filter((key) => done.filter((other) => other === key).length !== 1)
      .map((key) => `${key}: ${statesOf(key).join(', ') || 'no intent'}`),
    [],
    'owner writes in a CRM without exactly one intent',
  )
  const written = await rows<{ crm: string; crmId: string; creations: number }>(
    db,
    sql`select c.crm, i.crm_id as "crmId", count(distinct i.task_id)::int as creations
      from intent i join connection c on c.id = i.connection_id
      where i.kind in ('task', 'job') and i.state = 'done' and i.crm_id is not null group by 1, 2`,
  )
  const creations = new Map(written.map((row) => [`${row.crm}/${row.crmId}`, row.creations]))
  for (const [crm, tasks] of Object.entries(await ourTasks(test))) {
    const orphans = tasks.filter(({ id }) => creations.get(`${crm}/${id}`) !== 1).map(({ id }) => id)
    assert.deepEqual(orphans, [], `tasks in ${crm} that no single intent answers for`)
  }
  assert.deepEqual(
    await rows(
      db,
      // A list that changed within minutes of its last write is written again later.
      sql`select i.id, i.state, i.outcome from intent i left join task t on t.id = i.task_id
        where i.state not in ('done', 'cancelled') and not (i.state = 'pending' and t.rests_until is not null)`,
    ),
    [],
    'intents without an end',
  )
}

/** Promise 1: each event that was committed has come to its end, and what was answered with a 2xx is there. */
export async function assertEventsAddUp(test: TestStack): Promise<void> {
  const sums = await rows<{ state: string; reason: boolean; n: number }>(
    test.db,
    sql`select state, skip_reason is not null as reason, count(*)::int as n from change_event group by 1, 2 order by 1`,
  )
  assert.deepEqual(
    sums.map(({ state, reason }) => [state, reason]),
    [
      ['applied', false],
      ['skipped', true],
    ],
    'every event is applied, or skipped with a reason',
  )
}

export async function assertLedgerVerifies(test: TestStack): Promise<void> {
  const check = await verifyLedger(test.db)
  assert.equal(check.firstBad, undefined)
  assert.ok(check.ok && check.rows > 100, `${check.rows} rows`)
}

/** What is open now, in words that two runs share: our own ids differ from run to run, record ids of new records too. */
export async function openTaskSet(test: TestStack): Promise<string[]> {
  return (await openCases(test))
    .map(({ crm, workflow, pattern, objectType, title, ownerEmail }) =>
      // By name: HubSpot's ids of records that are made during the day depend on how many tasks were made before them.
      [crm, workflow, pattern, objectType, title, ownerEmail].join(' '),
    )
    .toSorted()
}
