import type { ObjectTypeName } from './object-type.ts'
import type { ObjectRef } from './store-change.ts'

type AssociationType = {
  readonly category: 'HUBSPOT_DEFINED' | 'USER_DEFINED'
  readonly typeId: number
  readonly label: string | null
}

/** HubSpot's own association types. `primary` marks the one company that a contact or deal belongs to. */
const TYPES: readonly { from: ObjectTypeName; to: ObjectTypeName; plain: number; primary?: number }[] = [
  { from: 'contacts', to: 'companies', plain: 279, primary: 1 },
  { from: 'companies', to: 'contacts', plain: 280, primary: 2 },
  { from: 'deals', to: 'contacts', plain: 3 },
  { from: 'contacts', to: 'deals', plain: 4 },
  { from: 'deals', to: 'companies', plain: 341, primary: 5 },
  { from: 'companies', to: 'deals', plain: 342, primary: 6 },
  { from: 'tasks', to: 'contacts', plain: 204 },
  { from: 'contacts', to: 'tasks', plain: 203 },
  { from: 'tasks', to: 'companies', plain: 192 },
  { from: 'companies', to: 'tasks', plain: 191 },
  { from: 'tasks', to: 'deals', plain: 216 },
  { from: 'deals', to: 'tasks', plain: 215 },
  { from: 'contacts', to: 'contacts', plain: 449 },
  { from: 'companies', to: 'companies', plain: 450 },
  { from: 'deals', to: 'deals', plain: 451 },
]

export function labelsBetween(from: ObjectTypeName, to: ObjectTypeName): AssociationType[] {
  const found = TYPES.find((type) => type.from === from && type.to === to)
  if (found === undefined) return []
  const plain: AssociationType = { category: 'HUBSPOT_DEFINED', typeId: found.plain, label: null }
  if (found.primary === undefined) return [plain]
  return [{ category: 'HUBSPOT_DEFINED', typeId: found.primary, label: 'Primary' }, plain]
}

export function isPrimaryType(from: ObjectTypeName, to: ObjectTypeName, typeId: number): boolean {
  return TYPES.some((type) => type.from === from && type.to === to && type.primary === typeId)
}

/** The type of the same association seen from the other record. */
export function inverseTypeId(from: ObjectTypeName, to: ObjectTypeName, typeId: number): number | undefined {
  const there = TYPES.find((type) => type.from === from && type.to === to)
  const back = TYPES.find((type) => type.from === to && type.to === from)
  if (there === undefined || back === undefined) return undefined
  if (typeId === there.primary) return back.primary
  return typeId === there.plain ? back.plain : undefined
}

const keyOf = (ref: ObjectRef): string => `${ref.type}/${ref.id}`

/** The associations between records, stored in both directions. */
export class AssociationBook {
  readonly #links = new Map<string, Map<ObjectTypeName, Map<string, Set<number>>>>()

  /** Type ids by associated record, in the order of association. */
  of(from: ObjectRef, to: ObjectTypeName): ReadonlyMap<string, ReadonlySet<number>> {
    return this.#links.get(keyOf(from))?.get(to) ?? new Map()
  }

  primaryOf(from: ObjectRef, to: ObjectTypeName): string | undefined {
    for (const [id, typeIds] of this.of(from, to)) {
      for (const typeId of typeIds) if (isPrimaryType(from.type, to, typeId)) return id
    }
    return undefined
  }

  /** True: the records did not have this association yet. */
  add(from: ObjectRef, to: ObjectRef, typeId: number): boolean {
    const isNew = this.#addOneWay(from, to, typeId)
    const inverse = inverseTypeId(from.type, to.type, typeId)
    if (inverse !== undefined) this.#addOneWay(to, from, inverse)
    return isNew
  }

  removeType(from: ObjectRef, to: ObjectRef, typeId: number): void {
    this.#links.get(keyOf(from))?.get(to.type)?.get(to.id)?.delete(typeId)
    const inverse = inverseTypeId(from.type, to.type, typeId)
    if (inverse !== undefined) this.#links.get(keyOf(to))?.get(from.type)?.get(from.id)?.delete(inverse)
  }

  /** Removes every association between the two records and returns their type ids. */
  remove(from: ObjectRef, to: ObjectRef): number[] {
    const typeIds = [...(this.of(from, to.type).get(to.id) ?? [])]
    this.#links.get(keyOf(from))?.get(to.type)?.delete(to.id)
    this.#links.get(keyOf(to))?.get(from.type)?.delete(from.id)
    return typeIds
  }

  all(from: ObjectRef): { to: ObjectRef; typeIds: number[] }[] {
    const byType = this.#links.get(keyOf(from)) ?? new Map<ObjectTypeName, Map<string, Set<number>>>()
    return [...byType].flatMap(([type, byId]) =>
      [...byId].map(([id, typeIds]) => ({ to: { type, id }, typeIds: [...typeIds] })),
    )
  }

  #addOneWay(from: ObjectRef, to: ObjectRef, typeId: number): boolean {
    const byType = getOrAdd(this.#links, keyOf(from), () => new Map<ObjectTypeName, Map<string, Set<number>>>())
    const byId = getOrAdd(byType, to.type, () => new Map<string, Set<number>>())
    const typeIds = getOrAdd(byId, to.id, () => new Set<number>())
    if (typeIds.has(typeId)) return false
    typeIds.add(typeId)
    return true
  }
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}
