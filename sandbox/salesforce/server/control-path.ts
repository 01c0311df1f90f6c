import type { Label } from '../../world/records/world.ts'
import { WITH_CURRENCY, withCurrencies } from '../catalog/currency-field.ts'
import { withPersonAccounts } from '../catalog/person-account-fields.ts'
import { buildCatalog } from '../catalog/standard-objects.ts'
import { type OAuthSessions, sameText } from '../login/oauth-sessions.ts'
import { ApiError } from '../org/api-error.ts'
import { readFieldValue } from '../org/field-value.ts'
import { isLive, type Org, objectOfId, type Settings, textOf, toSecond } from '../org/org.ts'
import { runOrgAction } from '../org/org-actions.ts'
import type { PermissionBook } from '../org/permissions.ts'
import type { FieldValue, StoredRecord } from '../org/record-store.ts'
import { seedCurrencies } from '../org/seed-org.ts'
import { checkSelection, fillChannelMembers } from '../org/selected-entities.ts'
import { addSchemaField, type EventSchemas, plainOrder, rebuildSchema } from '../stream/avro-schemas.ts'
import { gapEvent, OVERFLOW_ID } from '../stream/change-events.ts'
import type { EventBus } from '../stream/event-bus.ts'
import type { PubSubServer } from '../stream/pubsub-server.ts'
import type { SchemaChanges } from '../stream/schema-changes.ts'
import type { Faults } from '../wire/faults.ts'
import { type HttpAnswer, html, json } from '../wire/http-answer.ts'
import type { UsageMeter } from '../wire/usage-meter.ts'

export type ControlDependencies = {
  readonly org: Org
  readonly bus: EventBus
  readonly schemas: EventSchemas
  readonly sessions: OAuthSessions
  readonly faults: Faults
  readonly usage: UsageMeter
  readonly pubsub: PubSubServer
  readonly permissions: PermissionBook
  readonly schemaChanges: SchemaChanges
  readonly labels: Label[]
  readonly secret: string
}

type Body = Readonly<Record<string, unknown>>

class BadControl extends Error {}

/** `/__sandbox/*`, the control path, through which tests inspect and change the org. 404 without the secret. */
export class ControlPath {
  private readonly io: ControlDependencies

  constructor(io: ControlDependencies) {
    this.io = io
  }

  handle(method: string, url: URL, headers: Readonly<Record<string, string | undefined>>, text: string): HttpAnswer {
    if (!sameText(headers['x-sandbox-control'] ?? '', this.io.secret)) return html(404, 'Not found')
    try {
      return json(200, this.run(`${method} ${url.pathname}`, text === '' ? {} : (JSON.parse(text) as Body)))
    } catch (error) {
      if (error instanceof ApiError) return json(error.status, { error: error.message })
      return json(400, { error: error instanceof Error ? error.message : String(error) })
    }
  }

  private run(route: string, body: Body): object {
    const { labels, faults, sessions, org } = this.io
    switch (route) {
      case 'GET /__sandbox/labels':
        return { labels }
      case 'POST /__sandbox/labels':
        labels.push(...((body.labels ?? []) as Label[]))
        return { labels: labels.length }
      case 'POST /__sandbox/faults': {
        const fault = faults.add(body)
        if (fault.kind === 'revoked') sessions.revokedByAdmin = true
        return { faults: faults.count }
      }
      case 'DELETE /__sandbox/faults':
        faults.clear()
        sessions.revokedByAdmin = false
        return { faults: 0 }
      case 'GET /__sandbox/stats':
        return this.stats()
      case 'GET /__sandbox/tasks':
        return { tasks: [...org.store.table('Task').values()].filter(isLive).map((task) => this.taskJson(task)) }
      case 'POST /__sandbox/settings':
        return this.set(body)
      case 'POST /__sandbox/permissions': {
        const { clientId, ...patch } = body
        return this.io.permissions.change(org, sessions.runAsUser(clientId), patch)
      }
      case 'POST /__sandbox/sharing': {
        const list = (name: string) => (Array.isArray(body[name]) ? (body[name] as unknown[]) : [])
        const userId = sessions.runAsUser(body.clientId)
        return this.io.permissions.share(org, userId, { hide: list('hide'), show: list('show') })
      }
      case 'GET /__sandbox/settings':
        return org.settings
      case 'POST /__sandbox/schema':
        return this.changeSchema(body)
      case 'DELETE /__sandbox/permissions':
        this.io.permissions.clear()
        return {}
      case 'POST /__sandbox/stream':
        return this.stream(body)
      case 'POST /__sandbox/actions':
        return runOrgAction(org, body)
      default:
        throw new BadControl(`No such control: ${route}`)
    }
  }

  private stats(): object {
    const { usage, org, bus } = this.io
    return {
      requests: Object.fromEntries(usage.requests),
      calls: usage.callsToday(),
      rateLimited: usage.rateLimited,
      writes: { byApp: Object.fromEntries(usage.writesByClient) },
      stream: { open: usage.streams, delivered: usage.eventsDelivered, retained: bus.size() },
      records: Object.fromEntries([...org.catalog.keys()].map((name) => [name, org.store.table(name).size])),
      nowMs: org.clock.now(),
    }
  }

  private taskJson(task: StoredRecord): object {
    const { store } = this.io.org
    const owner = store.get('User', textOf(task, 'OwnerId')) ?? store.get('Group', textOf(task, 'OwnerId'))
    const links = [textOf(task, 'WhoId'), textOf(task, 'WhatId')].filter((id) => id !== '')
    return {
      id: task.Id,
      // Without the custom field, the tag at the end of the subject is the task's only key.
      key: task.Lanekeeper_Key__c ?? /\[([\w-]+)\]$/.exec(textOf(task, 'Subject'))?.[1] ?? null,
      subject: task.Subject ?? '',
      description: task.Description ?? '',
      ownerEmail: owner ? textOf(owner, 'Email') || textOf(owner, 'Name') : null,
      status: task.Status,
      closed: task.IsClosed,
      about: links.map((id) => ({ objectType: objectOfId(this.io.org, id)?.name ?? '', id })),
      createdAtMs: task.CreatedDate,
      createdById: task.CreatedById,
    }
  }

  private set(body: Body): object {
    const { org } = this.io
    const { jwtPublicKey, clientId, organization, ...settings } = body
    if (jwtPublicKey !== undefined) this.io.sessions.setJwtPublicKey(clientId, jwtPublicKey)
    if (organization !== undefined) this.setOrganization(organization as Body)
    for (const [name, value] of Object.entries(settings)) {
      const known = org.settings[name as keyof Settings]
      if (known === undefined) throw new BadControl(`No such setting: ${name}`)
      if (name === 'selectedEntities' || name === 'selectedElsewhere') {
        Object.assign(org.settings, checkSelection({ ...org.settings, ...settings }))
        fillChannelMembers(org, toSecond(org.clock.now()))
        continue
      }
      if (name === 'personAccounts') {
        this.turnOnPersonAccounts(value)
        continue
      }
      if (name === 'multiCurrency') {
        this.turnOnCurrencies(value)
        continue
      }
      if (typeof known !== typeof value) throw new BadControl(`Setting ${name} must be a ${typeof known}`)
      Object.assign(org.settings, { [name]: value })
    }
    if ('taskExternalId' in settings) {
      const task = buildCatalog({ taskExternalId: org.settings.taskExternalId }).get('Task')!
      org.catalog = new Map(org.catalog).set('Task', task)
      rebuildSchema(task, this.io.schemas, plainOrder(task))
    }
    return org.settings
  }

  private turnOnPersonAccounts(value: unknown): void {
    const { org } = this.io
    if (value !== true) throw new BadControl('Person accounts can be turned on, and never off')
    if (org.settings.personAccounts) return
    org.settings.personAccounts = true
    org.catalog = withPersonAccounts(org.catalog)
  }

  private turnOnCurrencies(value: unknown): void {
    const { org } = this.io
    if (value !== true) throw new BadControl('Several currencies can be turned on, and never off')
    if (org.settings.multiCurrency) return
    org.settings.multiCurrency = true
    org.catalog = withCurrencies(org.catalog)
    seedCurrencies(org)
    for (const name of WITH_CURRENCY) {
      const object = org.catalog.get(name)!
      rebuildSchema(object, this.io.schemas, plainOrder(object))
    }
  }

  /** What the org tells about itself: edition, sandbox or not, instance, time zone. */
  private setOrganization(patch: Body): void {
    const { org } = this.io
    const object = org.catalog.get('Organization')!
    const row = [...org.store.table('Organization').values()][0]!
    const values: Record<string, FieldValue> = {}
    for (const [name, value] of Object.entries(patch)) {
      const field = object.fields.get(name)
      if (!field || name === 'Id') throw new BadControl(`There is no Organization.${name}`)
      values[name] = readFieldValue(field, value)
    }
    org.store.seed('Organization', { ...row, ...values })
  }

  private changeSchema(body: Body): object {
    const { org, bus, schemas, schemaChanges } = this.io
    const done = schemaChanges.apply(body)
    if (done.lossy && org.settings.selectedEntities.includes(done.object)) {
      const { keyPrefix } = org.catalog.get(done.object)!
      const userId = [...org.store.table('User').keys()][0]!
      const gap = { entity: done.object, changeType: 'GAP_UPDATE', recordIds: [`${keyPrefix}*`], userId }
      bus.publish([gapEvent(schemas, { ...gap, atMs: toSecond(org.clock.now()) })])
    }
    return done
  }

  private stream(body: Body): object {
    const { bus, pubsub, org } = this.io
    switch (body.kind) {
      case 'gap':
      case 'overflow': {
        const overflow = body.kind === 'overflow'
        const entity = String(body.objectType ?? 'Lead')
        const recordIds = overflow ? [OVERFLOW_ID] : ((body.recordIds ?? []) as string[])
        if (!org.settings.selectedEntities.includes(entity)) throw new BadControl(`${entity} is not selected`)
        if (recordIds.length === 0) throw new BadControl('A gap needs recordIds')
        const changeType = overflow ? 'GAP_OVERFLOW' : String(body.changeType ?? 'GAP_UPDATE')
        const userId = [...org.store.table('User').keys()][0]!
        bus.publish([
          gapEvent(this.io.schemas, { entity, changeType, recordIds, userId, atMs: toSecond(org.clock.now()) }),
        ])
        return { published: 1 }
      }
      case 'disconnect':
      case 'auth':
      case 'limit':
        return { cut: pubsub.disconnectAll(body.kind === 'disconnect' ? 'unavailable' : body.kind) }
      case 'silence': {
        const ms = typeof body.ms === 'number' ? body.ms : 600_000
        pubsub.silence(ms)
        return { silentMs: ms }
      }
      case 'schema':
        return { schemaId: addSchemaField(org.catalog, this.io.schemas, String(body.objectType ?? 'Lead')) }
      case 'expire-replay':
        bus.expireAll()
        return { retained: bus.size() }
      default:
        throw new BadControl(`Unknown stream kind "${String(body.kind)}"`)
    }
  }
}
