import type { AccessNeeds } from '../../crm-setup.ts'
import { hubSpotScope, hubSpotScopes, TASK_KEY_SCOPE } from '../login/scopes.ts'
import type { Portal } from '../portal/portal.ts'
import { covers, type GrantFacts, type Trial } from './answer.ts'
import { listOwners, mayCreateTaskKey, readOne, refusesOnlyTheRecord, searchOne } from './probes.ts'

/** What the grant says about itself: OAuth only. */
export function grantChecks({ introspect }: GrantFacts, needs: AccessNeeds): Trial[] {
  if (introspect === null) return []
  return [
    {
      id: 'scopes',
      title: 'The grant has all scopes',
      need: 'needed',
      costs: 'HubSpot refuses what the missing scopes allow; see the lines below.',
      scope: null,
      run: async () => covers(await introspect(), hubSpotScopes(needs).required),
    },
  ]
}

/** What Lanekeeper needs of every portal, whatever its policies say. */
export function portalChecks(portal: Portal, needs: AccessNeeds): Trial[] {
  return [
    ...searchCheck(portal, needs),
    ...PEOPLE_AND_TASKS.map(({ run, ...check }) => ({ ...check, run: () => run(portal) })),
  ]
}

function searchCheck(portal: Portal, { objects: [first] }: AccessNeeds): Trial[] {
  if (first === undefined) return []
  return [
    {
      id: 'search',
      title: 'Search by modification date',
      need: 'needed',
      costs: 'Changes whose webhook was lost are not found.',
      scope: hubSpotScope(first.objectType, 'read'),
      run: async () => void (await searchOne(portal, first.objectType)),
    },
  ]
}

const PEOPLE_AND_TASKS: readonly (Omit<Trial, 'run'> & { readonly run: (portal: Portal) => Promise<void> })[] = [
  {
    id: 'owners',
    title: 'Read owners, including deactivated ones',
    need: 'required',
    costs: 'No case can have a named owner.',
    scope: 'crm.objects.owners.read',
    run: listOwners,
  },
  {
    id: 'read/tasks',
    title: 'Read tasks',
    need: 'needed',
    costs: 'Lanekeeper does not notice completed tasks and cannot look a task up after a lost answer.',
    scope: hubSpotScope('tasks', 'read'),
    run: async (portal) => {
      await readOne(portal, 'tasks')
      await portal.schemas.of('tasks')
    },
  },
  {
    id: 'write/tasks',
    title: 'Write tasks',
    need: 'needed',
    costs: 'Cases appear only in the console, and their owners get no task in HubSpot.',
    scope: hubSpotScope('tasks', 'write'),
    run: (portal) => refusesOnlyTheRecord(portal, 'tasks'),
  },
  {
    id: 'task-key',
    title: 'Create a unique property on tasks',
    need: 'optional',
    costs: 'HubSpot cannot refuse a duplicate task; Lanekeeper looks tasks up before it retries, one call more.',
    scope: TASK_KEY_SCOPE,
    run: mayCreateTaskKey,
  },
]
