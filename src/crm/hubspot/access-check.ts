import type { AccessCheck, AccessFindings } from '../../model/crm-facts.ts'
import { CrmRefusedError, CrmUnknownError } from '../crm.ts'
import type { AccessNeeds } from '../setup.ts'
import { HubSpotRefusal, HubSpotScopeMissing, sentenceOf } from './hubspot-errors.ts'
import type { TokenFacts } from './hubspot-oauth.ts'
import { hubSpotScope, hubSpotScopes, TASK_KEY_SCOPE } from './hubspot-scopes.ts'
import type { Portal } from './portal.ts'

export type GrantFacts = {
  /** Where a scope is granted: a static app is installed again, an OAuth app connected again. */
  readonly kind: 'hubspot-token' | 'hubspot-oauth'
  /** Somebody can sign webhooks for us. */
  readonly hasClientSecret: boolean
  /** OAuth only: what HubSpot knows of the token. */
  readonly introspect: (() => Promise<TokenFacts>) | null
}

/** What is being tried; the answer adds the rest. */
type Question = Pick<AccessCheck, 'id' | 'title' | 'need' | 'costs'> & {
  /** The scope that lets it, for a refusal that names none. */
  readonly scope: string | null
}

// A record id that no portal has: HubSpot counts from 1.
const NO_RECORD = '0'

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
    need: 'needed',
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

/** Refused by what HubSpot told, not by an answer of its own. */
class NotThere extends Error {}

async function answered(
  { scope, ...question }: Question,
  kind: GrantFacts['kind'],
  run: () => Promise<void>,
): Promise<AccessCheck> {
  try {
    await run()
    return { ...question, state: 'works', grant: null, said: null }
  } catch (error) {
    if (error instanceof HubSpotScopeMissing) {
      const scopes = error.scopes.length > 0 ? error.scopes : scope === null ? [] : [scope]
      return { ...question, state: 'missing', grant: howToGrant(scopes, kind), said: error.said || null }
    }
    if (error instanceof CrmRefusedError) {
      const said = error instanceof HubSpotRefusal ? sentenceOf(error.body) : ''
      return {
        ...question,
        state: 'missing',
        grant: howToGrant(scope === null ? [] : [scope], kind),
        said: said || null,
      }
    }
    if (error instanceof NotThere) {
      const grant = `${error.message}. Add it in HubSpot under Settings, Properties, or name another one in the policy.`
      return { ...question, state: 'missing', grant, said: null }
    }
    if (error instanceof CrmUnknownError) {
      return {
        ...question,
        state: 'unknown',
        grant: 'HubSpot gave no usable answer; check again in a moment.',
        said: null,
      }
    }
    throw error
  }
}

function howToGrant(scopes: readonly string[], kind: GrantFacts['kind']): string {
  const named = scopes.length === 0 ? 'what HubSpot names' : scopes.join(', ')
  const after =
    kind === 'hubspot-token'
      ? 'install the app again in this account, since a token keeps the scopes that it was made with'
      : 'connect this account again, since a grant keeps the scopes that it was given with'
  return `Add ${named} to the scopes of the HubSpot app, upload it, and ${after}.`
}

function covers(facts: TokenFacts, required: readonly string[]): void {
  if (!facts.active) throw new CrmUnknownError('HubSpot does not call the token active')
  // A grant that lists nothing says nothing; the calls will tell.
  const lacking = facts.scopes.length === 0 ? [] : required.filter((scope) => !facts.scopes.includes(scope))
  if (lacking.length > 0) throw new HubSpotScopeMissing('The grant lacks scopes', '', lacking, '')
}

async function readOne({ http, paths }: Portal, objectType: string): Promise<void> {
  await http({
    kind: 'read',
    method: 'GET',
    path: paths.objects(objectType),
    query: { limit: '1', archived: 'false' },
    attempt: `list ${objectType}`,
  })
}

/** How many live records the search counts, when it says so. */
export async function searchOne({ http, paths }: Portal, objectType: string): Promise<number | null> {
  const { body } = await http({
    kind: 'search',
    method: 'POST',
    path: `${paths.objects(objectType)}/search`,
    body: { filterGroups: [], properties: ['hs_object_id'], limit: 1 },
    attempt: `search ${objectType}`,
  })
  return typeof body.total === 'number' && Number.isSafeInteger(body.total) && body.total >= 0 ? body.total : null
}

/**
 * A write that nothing can come of: no properties, to a record that cannot exist. That HubSpot looks at the scope first,
 * and so answers 403 without it and 404 (or 400) with it, is our reading of how its gateway works and of its error
 * guide; it documents no order. Were it the other way round, the first real write would tell.
 */
async function refusesOnlyTheRecord({ http, paths }: Portal, objectType: string): Promise<void> {
  try {
    await http({
      kind: 'write',
      method: 'PATCH',
      path: `${paths.objects(objectType)}/${NO_RECORD}`,
      body: { properties: {} },
      attempt: `try whether ${objectType} may be written`,
      repeatable: true,
    })
  } catch (error) {
    if (!refusesTheRequest(error)) throw error
  }
}

/** The same for property definitions: one without a name can never be made. */
async function mayMakeTaskKey({ http, paths, taskKey }: Portal): Promise<void> {
  if ((await taskKey.probe()).field !== null) return // made already
  try {
    await http({
      kind: 'write',
      method: 'POST',
      path: paths.properties('tasks'),
      body: {},
      attempt: 'try whether a property of tasks may be made',
      repeatable: true,
    })
  } catch (error) {
    if (!refusesTheRequest(error)) throw error
  }
}

function refusesTheRequest(error: unknown): boolean {
  return error instanceof CrmRefusedError && (error.status === 404 || error.status === 400)
}
