import { type Actor, app, person } from '../portal/actor.ts'
import { labelsBetween } from '../portal/association-book.ts'
import { plainTypeId } from '../portal/association-writes.ts'
import { type ObjectTypeName, typeNamed } from '../portal/object-type.ts'
import type { Portal } from '../portal/portal.ts'
import type { ObjectRef } from '../portal/store-change.ts'

/**
 * One change of `POST /__sandbox/changes`. `by` is the e-mail of the person (default: the user of the user token),
 * `appId` makes it another integration's write instead.
 *
 * | `op` | fields |
 * |---|---|
 * | `create` | `objectType`, `properties`, `associations?: [{objectType, id}]` |
 * | `update` (default) | `objectType`, `id`, `properties` |
 * | `archive`, `restore`, `erase` | `objectType`, `id` |
 * | `merge` | `objectType`, `id` (wins), `mergedId` |
 * | `associate`, `dissociate` | `objectType`, `id`, `to: {objectType, id}`, `primary?` |
 * | `archive-owner`, `restore-owner`, `delete-owner`, `hide-owner`, `show-owner` | `email` |
 */
export type PersonChange = Readonly<Record<string, unknown>>

type PersonChangeResult = { readonly ok: true; readonly id: string } | { readonly ok: false; readonly why: string }

/** A refused change does not stop the others. */
export function applyPersonChanges(
  portal: Portal,
  changes: readonly PersonChange[],
  defaultUserId: number,
): PersonChangeResult[] {
  return changes.map((change) => {
    try {
      return { ok: true, id: applyOne(portal, change, actorOf(portal, change, defaultUserId)) }
    } catch (error) {
      return { ok: false, why: error instanceof Error ? error.message : String(error) }
    }
  })
}

function actorOf(portal: Portal, change: PersonChange, defaultUserId: number): Actor {
  if (typeof change.appId === 'number') return app(change.appId)
  if (typeof change.by !== 'string') return person(defaultUserId)
  const owner = portal.owners.byEmail(change.by)
  if (owner === undefined) throw new Error(`Nobody has the e-mail ${change.by}`)
  return person(owner.userId)
}

const OWNER_CHANGES: ReadonlySet<string> = new Set([
  'archive-owner',
  'restore-owner',
  'delete-owner',
  'hide-owner',
  'show-owner',
])

function applyOne(portal: Portal, change: PersonChange, actor: Actor): string {
  const op = change.op ?? 'update'
  if (typeof op === 'string' && OWNER_CHANGES.has(op)) {
    const owner = portal.owners.byEmail(String(change.email))
    if (owner === undefined) throw new Error(`Nobody has the e-mail ${String(change.email)}`)
    if (op === 'delete-owner') portal.owners.remove(owner.id)
    else if (op === 'hide-owner' || op === 'show-owner') portal.owners.setListed(owner.id, op === 'show-owner')
    else portal.owners.setArchived(owner.id, op === 'archive-owner')
    return owner.id
  }
  const type = typeNamed(change.objectType)
  const ref: ObjectRef = { type, id: String(change.id) }
  switch (op) {
    case 'create': {
      const record = portal.create(type, change.properties, actor)
      for (const link of Array.isArray(change.associations) ? change.associations : []) {
        associate(portal, { type, id: record.id }, link, actor)
      }
      return record.id
    }
    case 'update':
      return portal.update(ref, change.properties, actor).id
    case 'archive':
      portal.must(ref)
      portal.archive(ref, actor)
      return ref.id
    case 'restore':
      return portal.restore(ref, actor).id
    case 'erase':
      portal.erase(ref, actor)
      return ref.id
    case 'merge':
      return portal.merge(type, ref.id, String(change.mergedId), actor).id
    case 'associate':
      associate(portal, ref, { ...asObject(change.to), primary: change.primary }, actor)
      return ref.id
    case 'dissociate': {
      const to = asObject(change.to)
      portal.dissociate(ref, { type: typeNamed(to.objectType), id: String(to.id) }, actor)
      return ref.id
    }
    default:
      throw new Error(`There is no change "${String(op)}"`)
  }
}

function associate(portal: Portal, from: ObjectRef, target: unknown, actor: Actor): void {
  const link = asObject(target)
  const to: ObjectRef = { type: typeNamed(link.objectType), id: String(link.id) }
  const typeId = plainTypeId(from.type, to.type)
  if (typeId === undefined) throw new Error(`${from.type} cannot be associated with ${to.type}`)
  portal.associate(from, to, link.primary === true ? [primaryTypeId(from.type, to.type, typeId)] : [typeId], actor)
}

function primaryTypeId(from: ObjectTypeName, to: ObjectTypeName, plain: number): number {
  return labelsBetween(from, to)[0]?.typeId ?? plain
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
