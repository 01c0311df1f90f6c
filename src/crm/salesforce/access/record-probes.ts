import { readTaskPicklists } from '../write/task-picklists.ts'
import { AccessAnswer, type AccessContext, PERMISSION_SETS, type Probe, readOne, VIEW_SETUP } from './probes.ts'

const TASK_GRANT = `${PERMISSION_SETS}: System Permissions > Edit Tasks (Access Activities), and Object Settings > Tasks > all fields visible and editable.`

/** What `writeTasks` sends. WhoId and WhatId attach a task to its record. */
const TASK_FIELDS = ['Subject', 'Description', 'OwnerId', 'ActivityDate', 'Status', 'Priority', 'WhoId', 'WhatId']

export const TASK_PROBES: readonly Probe[] = [
  {
    id: 'read/Task',
    title: 'Read tasks',
    need: 'needed',
    costs: 'Lanekeeper does not notice when an owner completes a task, and cannot look one up after a lost answer.',
    grant: TASK_GRANT,
    run: ({ call }) => readOne(call, 'Task'),
  },
  {
    id: 'write/Task',
    title: 'Write tasks',
    need: 'needed',
    costs: 'Cases do not reach their owners in Salesforce; you see them in the console only.',
    grant: TASK_GRANT,
    run: mayWriteTasks,
  },
  {
    id: 'task-words',
    title: "Read the org's values for task status and priority",
    need: 'needed',
    costs: 'Lanekeeper cannot write tasks: it does not know which status means open and which means done.',
    grant:
      'Salesforce Setup > Picklist values of Task Status and Task Priority: one open, one closed and one normal value.',
    run: async ({ call }) => {
      await readTaskPicklists(call)
    },
  },
  {
    id: 'task-key',
    title: 'Let Salesforce refuse duplicate tasks',
    need: 'optional',
    costs: 'Lanekeeper finds its tasks by a short key in their subject, with one more call before each retry.',
    grant: '',
    run: async ({ probeTaskKey }) => {
      const { enforced, why, remedy } = await probeTaskKey()
      if (!enforced) throw new AccessAnswer(why, { grant: remedy })
    },
  },
]

export const PEOPLE_PROBES: readonly Probe[] = [
  {
    id: 'read/User',
    title: 'Read users, inactive ones included',
    need: 'required',
    costs: 'Lanekeeper cannot name the owner of a case.',
    grant: `${PERMISSION_SETS}: System Permissions > View All Users.`,
    run: ({ call }) => readOne(call, 'User'),
  },
  {
    id: 'read/queues',
    title: 'Read queues and their members',
    need: 'needed',
    costs: 'Records in a queue count as unowned.',
    grant: VIEW_SETUP,
    run: async ({ call }) => {
      for (const objectType of ['Group', 'GroupMember', 'QueueSobject']) await readOne(call, objectType)
    },
  },
]

async function mayWriteTasks({ schemas }: AccessContext): Promise<void> {
  const task = await schemas.describe('Task')
  if (!task.createable || !task.updateable) throw new AccessAnswer('our user may not create and change tasks')
  const locked = TASK_FIELDS.filter((name) => {
    const field = task.byName.get(name)
    return !field?.createable || !field.updateable
  })
  if (locked.length > 0) throw new AccessAnswer(`our user may not write Task.${locked.join(', Task.')}`)
}
