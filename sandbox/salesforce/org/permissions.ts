import { type FieldDefinition, indexFields, type ObjectDefinition } from '../catalog/object-definition.ts'
import { type Org, objectOfId } from './org.ts'
import { normaliseId } from './record-id.ts'
import { SharedRecords } from './shared-records.ts'

/** What a profile and its permission sets allow for one object. Everything not listed is allowed. */
export type ObjectPermission = {
  readonly read?: boolean
  readonly create?: boolean
  readonly edit?: boolean
  readonly delete?: boolean
  /** View All Records; overrides the user's View All Data for this object's change events. */
  readonly viewAll?: boolean
  readonly fields?: Readonly<Record<string, 'hidden' | 'read-only'>>
}

export type UserPermissions = {
  readonly apiEnabled: boolean
  /** View Setup and Configuration. */
  readonly viewSetup: boolean
  /** View All Data. */
  readonly viewAll: boolean
  /** View All Users; with null it follows View All Data. */
  readonly viewAllUsers: boolean | null
  readonly objects: Readonly<Record<string, ObjectPermission>>
}

const EVERYTHING: UserPermissions = {
  apiEnabled: true,
  viewSetup: true,
  viewAll: true,
  viewAllUsers: null,
  objects: {},
}

/** Objects of the Tooling API alone, and objects that it shares with the REST API. */
const TOOLING_ONLY: ReadonlySet<string> = new Set(['PlatformEventChannelMember'])
const IN_TOOLING_TOO: ReadonlySet<string> = new Set(['User', 'Organization'])
const OBJECT_VERBS = ['read', 'create', 'edit', 'delete', 'viewAll'] as const

type Body = Readonly<Record<string, unknown>>

/** Permissions by user: everything is allowed until an admin revokes it. Changes take effect at once. */
export class PermissionBook {
  private readonly byUser = new Map<string, UserPermissions>()
  /** By user, the records that are not shared with them. */
  private readonly notShared = new Map<string, Set<string>>()
  /** Each user's catalog, rebuilt when the org's catalog or a permission changes. */
  private readonly seen = new Map<string, { readonly from: unknown; readonly view: Org }>()

  of(userId: string): UserPermissions {
    return this.byUser.get(userId) ?? EVERYTHING
  }

  /** Applies the given permissions and keeps the others. Throws for unknown names. */
  change(org: Org, userId: string, patch: Body): UserPermissions {
    const before = this.of(userId)
    const flags: Record<string, boolean | null> = {}
    const objects: Record<string, ObjectPermission> = { ...before.objects }
    for (const [name, value] of Object.entries(patch)) {
      if (name === 'objects') {
        for (const [object, given] of Object.entries(asBody(value, 'objects'))) {
          objects[object] = changedObject(org, object, objects[object] ?? {}, asBody(given, object))
        }
      } else if (name in EVERYTHING && (typeof value === 'boolean' || (name === 'viewAllUsers' && value === null))) {
        flags[name] = value
      } else throw new Error(`Permission ${name} cannot be ${JSON.stringify(value)}`)
    }
    const after = { ...before, ...flags, objects }
    this.byUser.set(userId, after)
    this.seen.clear()
    return after
  }

  clear(): void {
    this.byUser.clear()
    this.notShared.clear()
    this.seen.clear()
  }

  /**
   * Ends or begins the sharing of records with the user. Nothing in the records changes and no event is sent, as where an
   * admin changes a sharing rule. Throws for what is no record of an object.
   */
  share(org: Org, userId: string, patch: { readonly hide: readonly unknown[]; readonly show: readonly unknown[] }) {
    const hidden = new Set(this.notShared.get(userId))
    for (const id of patch.hide) hidden.add(recordIdOf(org, id))
    for (const id of patch.show) hidden.delete(recordIdOf(org, id))
    this.notShared.set(userId, hidden)
    this.seen.clear()
    return { hidden: [...hidden] }
  }

  /** Of the ids of an event, those that this user may not hear of. */
  hiddenAmong(userId: string, recordIds: readonly string[]): string[] {
    const hidden = this.notShared.get(userId)
    return hidden === undefined ? [] : recordIds.filter((id) => hidden.has(id))
  }

  /**
   * The org as this user's calls see it: without hidden objects and fields, with read-only ones unwritable. `api`:
   * setup objects belong to the Tooling API.
   */
  viewOf(org: Org, userId: string, api: 'data' | 'tooling'): Org {
    const key = `${api}/${userId}`
    const known = this.seen.get(key)
    if (known && known.from === org.catalog) return known.view
    const allowed = this.of(userId)
    const catalog = new Map<string, ObjectDefinition>()
    for (const [name, object] of org.catalog) {
      const tooling = TOOLING_ONLY.has(name)
      if (tooling && (api === 'data' || !allowed.viewSetup)) continue
      if (api === 'tooling' && !tooling && !IN_TOOLING_TOO.has(name)) continue
      const permission = allowed.objects[name]
      if (permission?.read === false) continue
      catalog.set(name, permission === undefined ? object : seenObject(object, permission))
    }
    const hidden = this.notShared.get(userId)
    const store = hidden === undefined || hidden.size === 0 ? org.store : new SharedRecords(org.store, hidden)
    const view: Org = { ...org, catalog, store, whole: org }
    this.seen.set(key, { from: org.catalog, view })
    return view
  }

  /** Whether this user receives change events of the entity. Needs View All. */
  receives(userId: string, entity: string): boolean {
    const { apiEnabled, viewAll, viewAllUsers, objects } = this.of(userId)
    const own = objects[entity]
    if (!apiEnabled || own?.read === false) return false
    // Tasks have no View All Records of their own.
    if (entity === 'Task') return viewAll
    if (entity === 'User') return own?.viewAll ?? viewAllUsers ?? viewAll
    return own?.viewAll ?? viewAll
  }

  /** Fields of the entity that this user's events do not carry. */
  hiddenFields(userId: string, entity: string): string[] {
    const fields = this.of(userId).objects[entity]?.fields ?? {}
    return Object.keys(fields).filter((name) => fields[name] === 'hidden')
  }
}

function changedObject(org: Org, name: string, before: ObjectPermission, given: Body): ObjectPermission {
  const object = org.catalog.get(name)
  if (!object) throw new Error(`There is no object ${name}`)
  const after: Record<string, unknown> = { ...before }
  for (const [key, value] of Object.entries(given)) {
    if (key === 'fields') {
      const fields: Record<string, 'hidden' | 'read-only'> = { ...before.fields }
      for (const [field, level] of Object.entries(asBody(value, 'fields'))) {
        if (!object.fields.has(field) || field === 'Id') throw new Error(`${name}.${field} cannot be restricted`)
        if (level === 'hidden' || level === 'read-only') fields[field] = level
        else if (level === null) delete fields[field]
        else throw new Error(`A field is "hidden", "read-only" or null, not ${JSON.stringify(level)}`)
      }
      after.fields = fields
    } else if (OBJECT_VERBS.some((verb) => verb === key) && typeof value === 'boolean') after[key] = value
    else throw new Error(`Permission ${name}.${key} cannot be ${JSON.stringify(value)}`)
  }
  return after
}

function recordIdOf(org: Org, given: unknown): string {
  const id = normaliseId(String(given))
  const object = id === null ? undefined : objectOfId(org, id)
  if (id === null || object === undefined || org.store.get(object.name, id) === undefined) {
    throw new Error(`There is no record ${JSON.stringify(given)}`)
  }
  return id
}

function asBody(value: unknown, name: string): Body {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Body
  throw new Error(`${name} must be an object, not ${JSON.stringify(value)}`)
}

function seenObject(object: ObjectDefinition, permission: ObjectPermission): ObjectDefinition {
  const levels = permission.fields ?? {}
  const canCreate = permission.create !== false
  const canEdit = permission.edit !== false
  const fields: FieldDefinition[] = []
  for (const field of object.fields.values()) {
    const level = levels[field.name]
    if (level === 'hidden') continue
    const writable = level !== 'read-only'
    fields.push({
      ...field,
      createable: field.createable && writable && canCreate,
      updateable: field.updateable && writable && canEdit,
    })
  }
  // A compound without visible parts is hidden too.
  const shown = fields.filter(
    (field) => field.type !== 'address' || fields.some((part) => part.compound === field.name),
  )
  return {
    ...object,
    createable: object.createable && canCreate,
    updateable: object.updateable && canEdit,
    deletable: object.deletable && permission.delete !== false,
    ...indexFields(shown),
  }
}
