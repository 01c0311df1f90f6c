import type { AccessCheck, AccessFindings } from '../../../model/record/crm-facts.ts'
import type { AccessNeeds } from '../../crm-setup.ts'
import { hubSpotScope, hubSpotScopes, TASK_KEY_SCOPE } from '../login/scopes.ts'
import type { Portal } from '../portal/portal.ts'
import { answered, covers, type GrantFacts, NotThere, type Question } from './answer.ts'
import { mayMakeTaskKey, readOne, refusesOnlyTheRecord, searchOne } from './probes.ts'

/** Everything that we need of a portal, tried one by one by real calls that change nothing. */
export async function checkAccess(
  portal: Portal,
  grant: GrantFacts,
  needs: AccessNeeds,
  onCheck: (check: AccessCheck) => void,
): Promise<AccessFindings> {
  const checks: AccessCheck[] = []
  const objects: AccessFindings['objects'][number][] = []

  async function ask(question: Question, run: () => Promise<void>): Promise<void> {
    const check = await answered(question, grant.kind, run)
    checks.push(check)
    onCheck(check)
  }

  const identity = await portal.identify()
  await ask(
    {
      id: 'identify',
      title: 'Know which HubSpot account this is',
      need: 'required',
      costs: 'Nothing can be connected.',
      scope: null,
    },
    async () => {},
  )
  const { introspect } = grant
  if (introspect !== null) {
    await ask(
      {
        id: 'scopes',
        title: 'The grant covers the scopes asked for',
        need: 'needed',
        costs: 'What the missing scopes stand for is refused, see the lines below.',
        scope: null,
      },
      async () => covers(await introspect(), hubSpotScopes(needs).required),
    )
  }
  for (const { objectType, fields, ownerField } of needs.objects) {
    await ask(
      {
        id: `read/${objectType}`,
        title: `Read ${objectType}`,
        need: 'required',
        costs: `No workflow can look at ${objectType}.`,
        scope: hubSpotScope(objectType, 'read'),
      },
      () => readOne(portal, objectType),
    )
    await ask(
      {
        id: `fields/${objectType}`,
        title: `Read the properties of ${objectType}`,
        need: 'required',
        costs: `Values of ${objectType} cannot be told apart by type, and nobody knows which properties exist.`,
        scope: hubSpotScope(objectType, 'read'),
      },
      async () => {
        portal.schemas.forget(objectType)
        const schema = await portal.schemas.of(objectType)
        const unreadable = [...new Set(fields)].filter((name) => !schema.fields.has(name))
        objects.push({ objectType, fields: schema.fields.size, unreadable })
      },
    )
    if (ownerField !== null) {
      await ask(
        {
          id: `write-owner/${objectType}`,
          title: `Set the owner of ${objectType}`,
          need: 'needed',
          costs: `Owners of ${objectType} are proposed in a task and not written.`,
          scope: hubSpotScope(objectType, 'write'),
        },
        async () => {
          await refusesOnlyTheRecord(portal, objectType)
          const field = (await portal.schemas.of(objectType)).fields.get(ownerField)
          if (field === undefined) throw new NotThere(`${objectType} have no property ${ownerField}`)
          if (!field.writable) throw new NotThere(`HubSpot calls ${ownerField} of ${objectType} read-only`)
        },
      )
    }
  }
  const [first] = needs.objects
  if (first !== undefined) {
    await ask(
      {
        id: 'search',
        title: 'Search by modification date',
        need: 'needed',
        costs: 'A change whose notification was lost is not found.',
        scope: hubSpotScope(first.objectType, 'read'),
      },
      async () => {
        await searchOne(portal, first.objectType)
      },
    )
  }
  await ask(
    {
      id: 'owners',
      title: 'Read owners, those who left included',
      need: 'required',
      costs: 'Nobody can be named as the owner of a case.',
      scope: 'crm.objects.owners.read',
    },
    async () => {
      for (const archived of ['false', 'true']) {
        await portal.http({
          kind: 'read',
          method: 'GET',
          path: portal.paths.owners,
          query: { limit: '1', archived },
          attempt: 'list owners',
        })
      }
    },
  )
  await ask(
    {
      id: 'read/tasks',
      title: 'Read tasks',
      need: 'needed',
      costs: 'That a person closed a task is not noticed, and a lost answer cannot be looked up.',
      scope: hubSpotScope('tasks', 'read'),
    },
    async () => {
      await readOne(portal, 'tasks')
      await portal.schemas.of('tasks')
    },
  )
  await ask(
    {
      id: 'write/tasks',
      title: 'Write tasks',
      need: 'needed',
      costs: 'No case reaches its owner in HubSpot; cases stand in the console only.',
      scope: hubSpotScope('tasks', 'write'),
    },
    () => refusesOnlyTheRecord(portal, 'tasks'),
  )
  await ask(
    {
      id: 'task-key',
      title: 'Make a unique property on tasks',
      need: 'optional',
      costs:
        'HubSpot does not refuse a second task by itself; tasks are looked up before any repetition, one call more.',
      scope: TASK_KEY_SCOPE,
    },
    () => mayMakeTaskKey(portal),
  )
  const webhooks: AccessCheck = {
    id: 'webhooks',
    title: 'Tell true notifications from forged ones',
    state: grant.hasClientSecret ? 'works' : 'missing',
    // Whoever gives no secret has chosen to be polled.
    need: 'optional',
    costs: 'Changes are found by asking about once a minute, not as they happen.',
    grant: grant.hasClientSecret
      ? null
      : "Give the client secret of the HubSpot app, from the app's Auth page; a service key has none and is polled.",
    said: null,
  }
  checks.push(webhooks)
  onCheck(webhooks)

  const limits = portal.limits()
  return {
    identity,
    checks,
    objects,
    limits:
      limits === null
        ? null
        : {
            usedToday: limits.usedToday,
            limitToday: limits.limitToday,
            resets: 'midnight of the account',
            window: limits.window ?? null,
          },
    streamSlots: null,
  }
}
