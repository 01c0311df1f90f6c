import { timingSafeEqual } from 'node:crypto'
import type { Label } from '../../world/records/world.ts'
import { applyPersonChanges, type PersonChange } from '../people/person-changes.ts'
import { OBJECT_TYPES, objectType } from '../portal/object-type.ts'
import type { Portal } from '../portal/portal.ts'
import { propertyWire } from '../portal/property-definition.ts'
import { withSettings } from '../portal/settings.ts'
import { type StoredRecord, wireValue } from '../portal/stored-record.ts'
import type { ApiReply } from '../wire/api-request.ts'
import type { Sandbox } from './sandbox.ts'

const NOT_THERE: ApiReply = { status: 404, json: { status: 'error', message: 'resource not found' } }

/** The control path, through which tests inspect and change the portal. Without the secret it answers 404. */
export async function controlRoute(
  sandbox: Sandbox,
  method: string,
  url: URL,
  raw: Buffer,
  secret: string,
): Promise<ApiReply> {
  if (!isSecret(secret, sandbox.credentials.given.controlSecret)) return NOT_THERE
  try {
    const body = raw.length === 0 ? {} : (JSON.parse(raw.toString('utf8')) as Record<string, unknown>)
    return await run(sandbox, `${method} ${url.pathname.slice('/__sandbox'.length)}`, body)
  } catch (error) {
    return { status: 400, json: { error: error instanceof Error ? error.message : String(error) } }
  }
}

function isSecret(given: string, secret: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(secret)]
  return a.length === b.length && timingSafeEqual(a, b)
}

async function run(sandbox: Sandbox, call: string, body: Readonly<Record<string, unknown>>): Promise<ApiReply> {
  const { portal, faults, labels, sender, stats } = sandbox
  switch (call) {
    case 'GET /labels':
      return { status: 200, json: { labels } }
    case 'POST /labels':
      if (!Array.isArray(body.labels)) throw new Error('labels must be a list')
      labels.push(...(body.labels as Label[]))
      return { status: 200, json: { labels: labels.length } }
    case 'POST /faults':
      faults.add(body)
      return { status: 200, json: {} }
    case 'DELETE /faults':
      faults.clear()
      return { status: 200, json: {} }
    case 'GET /stats':
      return {
        status: 200,
        json: {
          requests: stats.requests,
          calls: stats.calls,
          rateLimited: stats.rateLimited,
          writes: { byApp: stats.writesByApp },
          webhooks: sender.counts(),
        },
      }
    case 'GET /tasks':
      return { status: 200, json: { tasks: [...portal.list('tasks')].map((task) => taskOf(portal, task)) } }
    case 'GET /settings':
      return { status: 200, json: portal.settings }
    case 'POST /settings': {
      const { clientSecret, token, installed, ...settings } = body
      portal.settings = withSettings(portal.settings, settings)
      if (clientSecret !== undefined) sandbox.credentials.setClientSecret(secretOf(clientSecret))
      if (token !== undefined) sandbox.credentials.setToken(secretOf(token))
      if (installed === false) sandbox.credentials.revokeAll()
      else if (installed === true) sandbox.credentials.installed = true
      sender.wake()
      return { status: 200, json: portal.settings }
    }
    case 'POST /schema':
      return { status: 200, json: propertyWire(sandbox.schemaChanges.apply(body)) }
    case 'POST /project':
      return { status: 200, json: { subscriptions: sandbox.subscriptions.upload(body) } }
    case 'POST /webhooks':
      if (!Array.isArray(body.items)) throw new Error('items must be a list')
      return { status: 200, json: { accepted: await sender.deliverNow(body.items) } }
    case 'POST /stream':
      if (body.kind !== 'unreadable-item') throw new Error(`Unknown stream kind "${String(body.kind)}"`)
      sender.smuggle(body.item ?? UNREADABLE)
      return { status: 200, json: {} }
    case 'POST /changes': {
      if (!Array.isArray(body.changes)) throw new Error('changes must be a list')
      const userId = sandbox.credentials.userId
      return { status: 200, json: { results: applyPersonChanges(portal, body.changes as PersonChange[], userId) } }
    }
    default:
      return NOT_THERE
  }
}

/** An item that no receiver can read: no type, and an invalid id. */
const UNREADABLE = { eventId: 'not a number', objectId: { nested: true } }

function secretOf(value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw new Error('clientSecret and token must be text')
}

/** `key` is the unique property that the app created on tasks, whatever its name. */
function taskOf(portal: Portal, task: StoredRecord): Record<string, unknown> {
  const custom = portal.catalog
    .list('tasks')
    .filter((property) => !property.hubspotDefined)
    .toSorted((a, b) => Number(b.hasUniqueValue) - Number(a.hasUniqueValue))
  const key = custom.map(({ name }) => wireValue(task, name)).find((value) => value !== undefined)
  const owner = portal.owners.byId(task.properties.hubspot_owner_id ?? '')
  return {
    id: task.id,
    key: key ?? null,
    subject: task.properties.hs_task_subject ?? '',
    ownerEmail: owner?.email ?? null,
    status: task.properties.hs_task_status ?? 'NOT_STARTED',
    about: OBJECT_TYPES.flatMap(({ name }) =>
      [...portal.associations.of(task, name).keys()].map((id) => ({ objectType: objectType(name).name, id })),
    ),
    createdAtMs: task.createdAtMs,
  }
}
