import type { AccessCheck, AccessFindings } from '../../../model/record/crm-facts.ts'
import type { AccessNeeds } from '../../crm-setup.ts'
import type { OpenedSalesforce } from '../client/client.ts'
import { query } from '../rest/query.ts'
import { isAbsentObject, type SalesforceObject } from '../rest/schemas.ts'
import { soqlName } from '../rest/soql.ts'
import { readTaskPicklists } from '../write/task-picklists.ts'
import { AccessAnswer, type Ask, answerOf } from './probes.ts'
import { checkStream } from './stream-access.ts'

const PERMISSION_SETS = 'Salesforce Setup > Permission Sets, in one assigned to our user'

/** Everything that we need of an org, one by one by real calls, none of which writes. */
export async function checkAccess(
  opened: OpenedSalesforce & { readonly pubsubAddress: string | null },
  needs: AccessNeeds,
  onCheck: (check: AccessCheck) => void,
): Promise<AccessFindings> {
  const { call, schemas } = opened
  const checks: AccessCheck[] = []
  const objects: AccessFindings['objects'][number][] = []
  const ask: Ask = async (question, run) => {
    const check = await answerOf(question, run)
    checks.push(check)
    onCheck(check)
    return check.state
  }
  const readOne = async (objectType: string) => {
    await query(call, `SELECT Id FROM ${soqlName(objectType)} LIMIT 1`)
  }

  // Throws when nobody can be asked: then there is no list to show, only what to mend.
  const identity = await opened.client.identify()
  await ask(
    {
      id: 'identify',
      title: 'Know which org and user this is',
      need: 'required',
      costs: 'Nothing can be connected.',
      grant: '',
    },
    async () => {},
  )

  for (const { objectType, fields, ownerField } of needs.objects) {
    await ask(
      {
        id: `read/${objectType}`,
        title: `Read ${objectType} records`,
        need: 'required',
        costs: `No workflow can look at ${objectType} records.`,
        grant: `${PERMISSION_SETS}: Object Settings > ${objectType} > Read and View All Records.`,
      },
      () => readOne(objectType),
    )
    let schema: SalesforceObject | null = null
    await ask(
      {
        id: `fields/${objectType}`,
        title: `Know the fields of ${objectType}`,
        need: 'required',
        costs: `Values of ${objectType} cannot be told apart by type, and nobody knows which fields exist.`,
        grant: `${PERMISSION_SETS}: Object Settings > ${objectType} > Read.`,
      },
      async () => {
        schema = await schemas.describe(objectType)
      },
    )
    const seen = schema as SalesforceObject | null
    if (seen !== null) {
      const unreadable = [...new Set(fields)].filter((name) => !seen.byName.has(name))
      objects.push({ objectType, fields: seen.fields.length, unreadable })
    }
    if (ownerField === null) continue
    await ask(
      {
        id: `write-owner/${objectType}`,
        title: `Set the owner of ${objectType} records`,
        need: 'needed',
        costs: `Owners of ${objectType} are proposed in a task and not written.`,
        grant: `${PERMISSION_SETS}: Object Settings > ${objectType} > Edit, with Edit Access to ${ownerField}; records of other people need Modify All Records.`,
      },
      async () => {
        const described = seen ?? (await schemas.describe(objectType))
        const field = described.byName.get(ownerField)
        if (field === undefined) throw new AccessAnswer(`${objectType} has no field ${ownerField} that our user sees`)
        if (!described.updateable) throw new AccessAnswer(`our user may not edit ${objectType} records`)
        if (!field.updateable) throw new AccessAnswer(`our user may not edit ${objectType}.${ownerField}`)
      },
    )
  }

  await checkTasks(opened, ask, readOne)
  await checkPeople(ask, readOne)
  const streamSlots = await checkStream(opened, needs, ask)
  const limits = await checkLimits(opened, ask)
  await checkTerritories(ask, readOne)
  return { identity, checks, objects, limits, streamSlots }
}

async function checkTasks(
  { call, schemas, tasks }: OpenedSalesforce,
  ask: Ask,
  readOne: (objectType: string) => Promise<void>,
): Promise<void> {
  const grant = `${PERMISSION_SETS}: System Permissions > Edit Tasks (Access Activities), and Object Settings > Tasks > all fields visible and editable.`
  await ask(
    {
      id: 'read/Task',
      title: 'Read tasks',
      need: 'needed',
      costs: 'That a person closed a task is not noticed, and a lost answer cannot be looked up.',
      grant,
    },
    () => readOne('Task'),
  )
  await ask(
    {
      id: 'write/Task',
      title: 'Write tasks',
      need: 'needed',
      costs: 'No case reaches its owner in Salesforce; cases stand in the console only.',
      grant,
    },
    async () => {
      const task = await schemas.describe('Task')
      if (!task.createable || !task.updateable) throw new AccessAnswer('our user may not create and change tasks')
      const locked = TASK_FIELDS.filter((name) => {
        const field = task.byName.get(name)
        return !field?.createable || !field.updateable
      })
      if (locked.length > 0) throw new AccessAnswer(`our user may not write Task.${locked.join(', Task.')}`)
    },
  )
  await ask(
    {
      id: 'task-words',
      title: "Read the org's words for task status and priority",
      need: 'needed',
      costs: 'No task can be written: nobody knows what "open" and "done" are called here.',
      grant:
        'Salesforce Setup > Picklist values of Task Status and Task Priority: one open, one closed and one normal value.',
    },
    async () => {
      await readTaskPicklists(call)
    },
  )
  await ask(
    {
      id: 'task-key',
      title: 'Have Salesforce refuse a second task of the same case',
      need: 'optional',
      costs: 'Tasks are found again by a short key in their subject, one call more before any repetition.',
      grant: '',
    },
    async () => {
      const { enforced, why, remedy } = await tasks.probeTaskKey()
      if (!enforced) throw new AccessAnswer(why, { grant: remedy })
    },
  )
}

/** What `writeTasks` sends. WhoId and WhatId hang a task on its record. */
const TASK_FIELDS = ['Subject', 'Description', 'OwnerId', 'ActivityDate', 'Status', 'Priority', 'WhoId', 'WhatId']

async function checkPeople(ask: Ask, readOne: (objectType: string) => Promise<void>): Promise<void> {
  await ask(
    {
      id: 'read/User',
      title: 'Read users, those who left included',
      need: 'required',
      costs: 'Nobody can be named as the owner of a case.',
      grant: `${PERMISSION_SETS}: System Permissions > View All Users.`,
    },
    () => readOne('User'),
  )
  await ask(
    {
      id: 'read/queues',
      title: 'Read queues and who works them',
      need: 'needed',
      costs: 'A record in a queue counts as having no owner.',
      grant: `${PERMISSION_SETS}: System Permissions > View Setup and Configuration.`,
    },
    async () => {
      for (const objectType of ['Group', 'GroupMember', 'QueueSobject']) await readOne(objectType)
    },
  )
}

async function checkTerritories(ask: Ask, readOne: (objectType: string) => Promise<void>): Promise<void> {
  let used = true
  const run = async () => {
    try {
      await readOne('Territory2Model')
    } catch (error) {
      // The object exists only where the feature is on.
      if (!isAbsentObject(error)) throw error
      used = false
      return
    }
    // An org may show its territories and keep to itself who is in them.
    await readOne('ObjectTerritory2Association')
  }
  // Asked before the question is put, because its title tells the answer.
  const tried = await run().then(
    () => null,
    (error: unknown) => ({ error }),
  )
  await ask(
    {
      id: 'territories',
      title: used ? 'Read territories and what is assigned to them' : 'Territory Management is not used in this org',
      need: 'optional',
      costs:
        'Territories of the CRM are not compared with the territory table, and what a policy asks of @territories is unknown.',
      grant: `${PERMISSION_SETS}: System Permissions > Manage Territories or View Setup and Configuration.`,
    },
    async () => {
      if (tried) throw tried.error
    },
  )
}

async function checkLimits(opened: OpenedSalesforce, ask: Ask): Promise<AccessFindings['limits']> {
  const viewSetup = `${PERMISSION_SETS}: System Permissions > View Setup and Configuration.`
  let answer: Record<string, { Max?: unknown; Remaining?: unknown } | undefined> | null = null
  await ask(
    {
      id: 'limits',
      title: "Read the org's limits",
      need: 'optional',
      costs:
        'What is left of the delivered change events is not known in advance; calls of the day are counted all the same.',
      grant: viewSetup,
    },
    async () => {
      answer = (await opened.call({ kind: 'read', method: 'GET', path: '/limits' })) as typeof answer
    },
  )
  const limits = answer as Record<string, { Max?: unknown; Remaining?: unknown } | undefined> | null
  const delivered = bounds(limits?.DailyDeliveredPlatformEvents)
  if (delivered) {
    await ask(
      {
        id: 'stream-allowance',
        title: `Change events left to be delivered today: ${delivered.remaining.toLocaleString('en-US')} of ${delivered.max.toLocaleString('en-US')}`,
        need: 'needed',
        costs:
          'The stream pauses until the allowance comes back over 24 hours; until then changes are found by polling.',
        grant:
          'Ask Salesforce for a larger allowance of delivered events, or end other subscribers: all of them share it.',
      },
      async () => {
        if (delivered.remaining === 0) throw new AccessAnswer('the allowance of the last 24 hours is spent')
      },
    )
  }
  const calls = bounds(limits?.DailyApiRequests)
  // Every answer carries the same figure in a header, which needs no permission.
  const usage = opened.usage()
  if (!calls && !usage) return null
  return {
    usedToday: calls ? calls.max - calls.remaining : usage!.usedToday,
    limitToday: calls ? calls.max : usage!.limitToday,
    resets: 'rolling 24 hours',
    window: null,
  }
}

function bounds(limit: { Max?: unknown; Remaining?: unknown } | undefined): { max: number; remaining: number } | null {
  const { Max, Remaining } = limit ?? {}
  return typeof Max === 'number' && typeof Remaining === 'number' ? { max: Max, remaining: Remaining } : null
}
