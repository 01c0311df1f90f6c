import { type Actor, app } from './actor.ts'
import { invalid, notFound } from './api-error.ts'
import { AssociationBook } from './association-book.ts'
import { followCompany, linkRecords, moveLinks, unlinkRecords } from './association-writes.ts'
import { derivedProperties } from './derived-properties.ts'
import { OBJECT_TYPES, type ObjectTypeName } from './object-type.ts'
import { OwnerDirectory } from './owner-directory.ts'
import type { PortalSeed } from './portal-seed.ts'
import type { PropertyDefinition } from './property-definition.ts'
import { RecordStore } from './record-store.ts'
import type { ObjectRef, StoreChange } from './store-change.ts'
import { historyMax, historyOf, refOf, type StoredRecord, viewOf } from './stored-record.ts'
import { checkProperties, checkRequired, type Written } from './write-validation.ts'

/** One HubSpot account: its records, people, properties and associations. Every change goes to `onChange`. */
export class Portal extends RecordStore {
  readonly portalId: number
  readonly appId: number
  readonly owners: OwnerDirectory
  readonly associations = new AssociationBook()
  onChange: (change: StoreChange) => void = () => {}
  #nextId = 0

  constructor(seed: PortalSeed, steady: () => number) {
    super(steady)
    this.portalId = seed.portalId
    this.appId = seed.appId
    this.owners = new OwnerDirectory(seed.owners, seed.nowMs - 400 * 86_400_000)
    for (const type of OBJECT_TYPES) {
      for (const record of seed.records[type.name] ?? []) {
        for (const name of Object.keys(record.properties)) this.catalog.ensure(type.name, name)
        this.keep(record)
        this.#nextId = Math.max(this.#nextId, Number(record.id))
        this.unique.add(record)
      }
    }
    for (const { from, to, typeId } of seed.associations) this.associations.add(from, to, typeId)
  }

  /** The values that a write would set; throws HubSpot's refusal. `ownId` null: the write creates a record. */
  check(type: ObjectTypeName, properties: unknown, ownId: string | null): Written {
    const written = checkProperties(type, properties, {
      catalog: this.catalog,
      owners: this.owners,
      archivedOwnerAccepted: this.settings.archivedOwnerAccepted,
    })
    if (ownId === null) checkRequired(type, written)
    this.unique.check(type, written, ownId)
    return written
  }

  create(type: ObjectTypeName, properties: unknown, actor: Actor): StoredRecord {
    const written = this.check(type, properties, null)
    const atMs = this.now()
    this.#nextId += 1
    const record: StoredRecord = {
      id: String(this.#nextId),
      type,
      createdAtMs: atMs,
      updatedAtMs: atMs,
      archivedAtMs: null,
      gone: false,
      properties: {},
      history: new Map(),
      createdBy: actor,
    }
    this.keep(record)
    this.noteIndex(record, null)
    this.onChange({ kind: 'created', ref: refOf(record), actor, atMs })
    this.#set(record, { ...written, ...derivedProperties(type, {}, written, atMs) }, actor, atMs)
    return record
  }

  update(ref: ObjectRef, properties: unknown, actor: Actor): StoredRecord {
    const record = this.must(ref)
    const written = this.check(ref.type, properties, record.id)
    const atMs = this.now()
    const before = viewOf(record)
    const derived = derivedProperties(ref.type, record.properties, written, atMs)
    record.updatedAtMs = atMs
    this.#set(record, { ...written, ...derived }, actor, atMs)
    this.noteIndex(record, before)
    return record
  }

  /** Sets properties that HubSpot computes, such as a contact's primary company. */
  setComputed(ref: ObjectRef, properties: Written, actor: Actor): void {
    const record = this.get(ref)
    if (record === undefined) return
    const before = viewOf(record)
    record.updatedAtMs = this.now()
    this.#set(record, properties, actor, record.updatedAtMs)
    this.noteIndex(record, before)
  }

  /** Activity on a record moves its modification date without changing any property. */
  touch(ref: ObjectRef): void {
    const record = this.get(ref)
    if (record === undefined) return
    const before = viewOf(record)
    record.updatedAtMs = this.now()
    this.noteIndex(record, before)
  }

  /** Moves a record to the recycle bin. Archiving a missing record is not an error. */
  archive(ref: ObjectRef, actor: Actor): void {
    const record = this.get(ref)
    if (record === undefined) return
    const before = viewOf(record)
    record.archivedAtMs = this.now()
    this.unique.drop(record)
    this.noteIndex(record, before)
    this.onChange({ kind: 'deleted', ref, actor, atMs: record.archivedAtMs })
    if (ref.type === 'companies') followCompany(this, ref, actor)
  }

  restore(ref: ObjectRef, actor: Actor): StoredRecord {
    const record = this.get(ref, true)
    if (record === undefined) throw notFound(`resource not found`)
    record.archivedAtMs = null
    record.updatedAtMs = this.now()
    this.unique.add(record)
    this.noteIndex(record, null)
    this.onChange({ kind: 'restored', ref, actor, atMs: record.updatedAtMs })
    if (ref.type === 'companies') followCompany(this, ref, actor)
    return record
  }

  /** GDPR delete: the record and its values are gone for good, and HubSpot sends both kinds of event. */
  erase(ref: ObjectRef, actor: Actor): void {
    const record = this.get(ref) ?? this.get(ref, true)
    if (record === undefined) return
    const before = viewOf(record)
    this.unique.drop(record)
    record.gone = true
    record.properties = {}
    record.history.clear()
    this.noteIndex(record, before)
    const atMs = this.now()
    this.onChange({ kind: 'privacy-deleted', ref, actor, atMs })
    this.onChange({ kind: 'deleted', ref, actor, atMs })
  }

  /**
   * The primary's values win; the other record fills its blanks. Losers send a deletion, and no event announces the
   * values that moved, so the app has to read the survivor.
   */
  merge(type: ObjectTypeName, primaryId: string, otherId: string, actor: Actor): StoredRecord {
    if (primaryId === otherId) throw invalid('A record cannot be merged with itself')
    const primary = this.must({ type, id: primaryId })
    const other = this.must({ type, id: otherId })
    const atMs = this.now()
    const moved = Object.fromEntries(
      Object.entries(other.properties).filter(([name, value]) => value !== '' && !primary.properties[name]),
    )
    const losers = this.settings.mergeKeepsId ? [other] : [primary, other]
    const listed = (record: StoredRecord): string[] => (record.properties.hs_merged_object_ids ?? '').split(';')
    const mergedIds = [...listed(primary), ...listed(other), primary.id, other.id]
    const vids = (primary.properties.hs_calculated_merged_vids ?? '').split(';')
    for (const own of ['hs_merged_object_ids', 'hs_calculated_merged_vids', 'hs_additional_emails']) delete moved[own]
    for (const loser of losers) {
      const before = viewOf(loser)
      this.unique.drop(loser)
      loser.gone = true
      this.noteIndex(loser, before)
      vids.push(`${loser.id}:${atMs}`)
    }
    const survivor = this.settings.mergeKeepsId ? primary : this.#successor(primary)
    const before = this.settings.mergeKeepsId ? viewOf(primary) : null
    survivor.properties = {
      ...survivor.properties,
      ...moved,
      hs_merged_object_ids: mergedIds.filter((id) => id !== '' && id !== survivor.id).join(';'),
      // Contacts only, and without the records that the loser came from. Integrators have been caught by that.
      ...(type === 'contacts' ? { hs_calculated_merged_vids: vids.filter((vid) => vid !== '').join(';') } : {}),
      ...(type === 'contacts' ? { hs_additional_emails: addressesOf(primary, other).slice(1).join(';') } : {}),
    }
    for (const loser of losers) this.mergedInto.set(`${type}/${loser.id}`, survivor.id)
    for (const name of Object.keys(moved)) survivor.history.set(name, historyOf(other, name).toReversed())
    survivor.updatedAtMs = atMs
    this.unique.add(survivor)
    this.noteIndex(survivor, before)
    moveLinks(this, losers.map(refOf), refOf(survivor), actor)
    this.onChange({
      kind: 'merged',
      type,
      primaryId,
      mergedIds: [otherId],
      newId: survivor.id,
      propertiesMoved: Object.keys(moved).length,
      actor,
      atMs,
    })
    for (const loser of losers) this.onChange({ kind: 'deleted', ref: refOf(loser), actor, atMs })
    return survivor
  }

  associate(from: ObjectRef, to: ObjectRef, typeIds: readonly number[], actor: Actor): void {
    this.must(from)
    this.must(to)
    linkRecords(this, from, to, typeIds, actor)
  }

  dissociate(from: ObjectRef, to: ObjectRef, actor: Actor): void {
    unlinkRecords(this, from, to, actor)
  }

  /** Replaces a property's definition. Values move to a new name without an event or a new modification date. */
  replaceProperty(type: ObjectTypeName, name: string, by: PropertyDefinition): void {
    const records = this.order[type].filter((record) => !record.gone)
    const indexed = by.hasUniqueValue || [name, by.name].some((one) => this.uniqueProperties(type).includes(one))
    if (indexed) for (const record of records) this.unique.drop(record)
    this.catalog.replace(type, name, by)
    if (by.name !== name) for (const record of records) renameValue(record, name, by.name)
    if (indexed) for (const record of records) this.unique.add(record)
  }

  /** The portal's own app as the source of a change. */
  get appActor(): Actor {
    return app(this.appId)
  }

  #successor(primary: StoredRecord): StoredRecord {
    this.#nextId += 1
    const successor: StoredRecord = {
      ...primary,
      id: String(this.#nextId),
      gone: false,
      history: new Map(primary.history),
    }
    this.keep(successor)
    return successor
  }

  #set(record: StoredRecord, written: Written, actor: Actor, atMs: number): void {
    const changed = Object.entries(written).filter(([name, value]) => (record.properties[name] ?? '') !== value)
    if (changed.length === 0) return
    this.unique.drop(record)
    for (const [name, value] of changed) {
      const entries = record.history.get(name) ?? historyOf(record, name)
      entries.push({ value, atMs, sourceType: actor.sourceType, sourceId: actor.sourceId, userId: actor.userId })
      record.history.set(name, entries.slice(-historyMax(record.type)))
    }
    record.properties = { ...record.properties, ...Object.fromEntries(changed) }
    this.unique.add(record)
    for (const [name, value] of changed) {
      this.onChange({ kind: 'property', ref: refOf(record), name, value, actor, atMs })
    }
  }
}

function renameValue(record: StoredRecord, from: string, to: string): void {
  const { [from]: value, ...rest } = record.properties
  if (value !== undefined) record.properties = { ...rest, [to]: value }
  const entries = record.history.get(from)
  if (entries === undefined) return
  record.history.delete(from)
  record.history.set(to, entries)
}

/** The first is that of the contact that stays; whoever wrote to one of the others still finds it. */
function addressesOf(...contacts: readonly StoredRecord[]): string[] {
  const written = contacts.flatMap(({ properties: { email, hs_additional_emails: more } }) => [
    email,
    ...(more ?? '').split(';'),
  ])
  return [...new Set(written.filter((address): address is string => (address ?? '') !== ''))]
}
