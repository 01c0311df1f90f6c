import { ModifiedIndex } from '../../modified-index.ts'
import { type Actor, app } from './actor.ts'
import { invalid, notFound } from './api-error.ts'
import { AssociationBook } from './association-book.ts'
import { followCompany, linkRecords, moveLinks, unlinkRecords } from './association-writes.ts'
import { derivedProperties } from './derived-properties.ts'
import { OBJECT_TYPES, type ObjectTypeName } from './object-type.ts'
import { OwnerDirectory } from './owner-directory.ts'
import type { PortalSeed } from './portal-seed.ts'
import { PropertyCatalog } from './property-catalog.ts'
import type { PropertyDefinition } from './property-definition.ts'
import { SearchIndex } from './search-index.ts'
import { DEFAULT_SETTINGS, type SandboxSettings } from './settings.ts'
import type { ObjectRef, StoreChange } from './store-change.ts'
import { historyMax, historyOf, type RecordView, type StoredRecord } from './stored-record.ts'
import { UniqueValues } from './unique-values.ts'
import { checkProperties, checkRequired, type Written } from './write-validation.ts'

/** One HubSpot account: its records, people, properties and links, and who is told when something changes. */
export class Portal {
  readonly portalId: number
  readonly appId: number
  readonly catalog = new PropertyCatalog()
  readonly owners: OwnerDirectory
  readonly associations = new AssociationBook()
  /** The portal's own clock, which may be set wrong: what every date and event says. */
  readonly now: () => number
  /** For how long things last, whatever the clock says. */
  readonly steady: () => number
  settings: SandboxSettings = DEFAULT_SETTINGS
  onChange: (change: StoreChange) => void = () => {}
  readonly #records: Readonly<Record<ObjectTypeName, Map<string, StoredRecord>>>
  /** Records in the order in which they were made; none is ever taken out, so a position is a page cursor. */
  readonly #order: Readonly<Record<ObjectTypeName, StoredRecord[]>> = {
    contacts: [],
    companies: [],
    deals: [],
    tasks: [],
  }
  readonly #modified: Readonly<Record<ObjectTypeName, ModifiedIndex<StoredRecord>>>
  readonly #unique = new UniqueValues(this.catalog)
  /** Where a merged-away record went, by `type/id`. */
  readonly #mergedInto = new Map<string, string>()
  readonly #index = new SearchIndex()
  #nextId: number

  constructor(seed: PortalSeed, steady: () => number) {
    this.portalId = seed.portalId
    this.appId = seed.appId
    this.steady = steady
    this.now = () => steady() + this.settings.clockOffsetMs
    this.owners = new OwnerDirectory(seed.owners, seed.nowMs - 400 * 86_400_000)
    this.#records = { contacts: new Map(), companies: new Map(), deals: new Map(), tasks: new Map() }
    const modified = (type: ObjectTypeName) =>
      new ModifiedIndex<StoredRecord>({
        all: () => this.#order[type],
        get: (id) => this.#records[type].get(id),
        id: (record) => record.id,
        at: (record) => record.updatedAtMs,
        compareIds: (a, b) => Number(a) - Number(b),
      })
    this.#modified = {
      contacts: modified('contacts'),
      companies: modified('companies'),
      deals: modified('deals'),
      tasks: modified('tasks'),
    }
    this.#nextId = 0
    for (const type of OBJECT_TYPES) {
      for (const record of seed.records[type.name] ?? []) {
        for (const name of Object.keys(record.properties)) this.catalog.ensure(type.name, name)
        this.#keep(record)
        this.#nextId = Math.max(this.#nextId, Number(record.id))
        this.#unique.add(record)
      }
    }
    for (const { from, to, typeId } of seed.associations) this.associations.add(from, to, typeId)
  }

  /** A record by id: live ones, or only archived ones. Merged and erased records are neither. */
  get({ type, id }: ObjectRef, archived = false): StoredRecord | undefined {
    const record = this.#records[type].get(id)
    return record === undefined || record.gone || (record.archivedAtMs !== null) !== archived ? undefined : record
  }

  /** As a read of the API finds it: a new record may take a while to be there. */
  read(ref: ObjectRef, archived = false): StoredRecord | undefined {
    const record = this.get(ref, archived)
    const { createdHiddenMs } = this.settings
    if (record === undefined || createdHiddenMs === 0) return record
    // A record from the future was made before the clock was set back.
    const ageMs = this.now() - record.createdAtMs
    return ageMs >= 0 && ageMs < createdHiddenMs ? undefined : record
  }

  /** The record that a merged-away one went into, over as many merges as there were. */
  survivorOf({ type, id }: ObjectRef): StoredRecord | undefined {
    let next = this.#mergedInto.get(`${type}/${id}`)
    for (let last = next; last !== undefined; last = this.#mergedInto.get(`${type}/${last}`)) next = last
    return next === undefined ? undefined : this.get({ type, id: next })
  }

  must(ref: ObjectRef): StoredRecord {
    const record = this.get(ref)
    if (record === undefined) throw notFound(`resource not found`)
    return record
  }

  /** Finds a live record by a property whose values are unique. Throws for any other property. */
  findByUnique(type: ObjectTypeName, idProperty: string, value: string): StoredRecord | undefined {
    if (idProperty === 'hs_object_id') return this.get({ type, id: value })
    if (!this.uniqueProperties(type).includes(idProperty)) {
      throw invalid(`Property "${idProperty}" is not a unique property of ${type} and cannot be used as idProperty`)
    }
    const id = this.#unique.holder(type, idProperty, value)
    return id === undefined ? undefined : this.get({ type, id })
  }

  uniqueProperties(type: ObjectTypeName): string[] {
    return this.#unique.properties(type)
  }

  *list(type: ObjectTypeName, archived = false): Generator<StoredRecord> {
    for (const record of this.#order[type]) {
      if (!record.gone && (record.archivedAtMs !== null) === archived) yield record
    }
  }

  /** A page of live or archived records from a position on. `next` is the position to go on from, if there is more. */
  page(
    type: ObjectTypeName,
    { archived, from, limit }: { archived: boolean; from: number; limit: number },
  ): { records: StoredRecord[]; next: number | null } {
    const order = this.#order[type]
    const records: StoredRecord[] = []
    for (let at = from; at < order.length; at += 1) {
      const record = order[at]!
      if (record.gone || (record.archivedAtMs !== null) !== archived) continue
      if (records.length === limit) return { records, next: at }
      records.push(record)
    }
    return { records, next: null }
  }

  searchable(type: ObjectTypeName): Generator<RecordView> {
    return this.#index.views(type, this.list(type), this.steady())
  }

  /** What search shows of the records changed at `fromMs` or later, the oldest change first. */
  *searchableSince(type: ObjectTypeName, fromMs: number): Generator<RecordView> {
    const behind = this.#index.behind(type, this.steady())
    const lagging = [...behind.values()]
      .filter((view) => view !== null && view.updatedAtMs >= fromMs)
      .sort((a, b) => a!.updatedAtMs - b!.updatedAtMs) as RecordView[]
    let next = 0
    for (const record of this.#modified[type].since(fromMs)) {
      if (record.gone || record.archivedAtMs !== null || behind.has(`${type}/${record.id}`)) continue
      while (next < lagging.length && lagging[next]!.updatedAtMs <= record.updatedAtMs) yield lagging[next++]!
      yield record
    }
    while (next < lagging.length) yield lagging[next++]!
  }

  /** What a write would set, or HubSpot's refusal. `ownId` null: the write makes a record. */
  check(type: ObjectTypeName, properties: unknown, ownId: string | null): Written {
    const written = checkProperties(type, properties, {
      catalog: this.catalog,
      owners: this.owners,
      archivedOwnerAccepted: this.settings.archivedOwnerAccepted,
    })
    if (ownId === null) checkRequired(type, written)
    this.#unique.check(type, written, ownId)
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
    this.#keep(record)
    this.#noteIndex(record, null)
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
    this.#noteIndex(record, before)
    return record
  }

  /** Properties that HubSpot keeps itself, such as a contact's primary company. */
  setComputed(ref: ObjectRef, properties: Written, actor: Actor): void {
    const record = this.get(ref)
    if (record === undefined) return
    const before = viewOf(record)
    record.updatedAtMs = this.now()
    this.#set(record, properties, actor, record.updatedAtMs)
    this.#noteIndex(record, before)
  }

  /** Activity on a record moves its modification date without changing any property. */
  touch(ref: ObjectRef): void {
    const record = this.get(ref)
    if (record === undefined) return
    const before = viewOf(record)
    record.updatedAtMs = this.now()
    this.#noteIndex(record, before)
  }

  /** To the recycle bin. Archiving what is not there is no error. */
  archive(ref: ObjectRef, actor: Actor): void {
    const record = this.get(ref)
    if (record === undefined) return
    const before = viewOf(record)
    record.archivedAtMs = this.now()
    this.#unique.drop(record)
    this.#noteIndex(record, before)
    this.onChange({ kind: 'deleted', ref, actor, atMs: record.archivedAtMs })
    if (ref.type === 'companies') followCompany(this, ref, actor)
  }

  restore(ref: ObjectRef, actor: Actor): StoredRecord {
    const record = this.get(ref, true)
    if (record === undefined) throw notFound(`resource not found`)
    record.archivedAtMs = null
    record.updatedAtMs = this.now()
    this.#unique.add(record)
    this.#noteIndex(record, null)
    this.onChange({ kind: 'restored', ref, actor, atMs: record.updatedAtMs })
    if (ref.type === 'companies') followCompany(this, ref, actor)
    return record
  }

  /** GDPR: the record and its values are gone for good. Both kinds of event go out. */
  erase(ref: ObjectRef, actor: Actor): void {
    const record = this.get(ref) ?? this.get(ref, true)
    if (record === undefined) return
    const before = viewOf(record)
    this.#unique.drop(record)
    record.gone = true
    record.properties = {}
    record.history.clear()
    this.#noteIndex(record, before)
    const atMs = this.now()
    this.onChange({ kind: 'privacy-deleted', ref, actor, atMs })
    this.onChange({ kind: 'deleted', ref, actor, atMs })
  }

  /**
   * The primary's values win, blanks are filled from the other. Losers send a deletion, and nothing announces the
   * values that moved: that is why a merge has to be followed by a read.
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
    for (const own of ['hs_merged_object_ids', 'hs_calculated_merged_vids']) delete moved[own]
    for (const loser of losers) {
      const before = viewOf(loser)
      this.#unique.drop(loser)
      loser.gone = true
      this.#noteIndex(loser, before)
      vids.push(`${loser.id}:${atMs}`)
    }
    const survivor = this.settings.mergeKeepsId ? primary : this.#successor(primary)
    const before = this.settings.mergeKeepsId ? viewOf(primary) : null
    survivor.properties = {
      ...survivor.properties,
      ...moved,
      hs_merged_object_ids: mergedIds.filter((id) => id !== '' && id !== survivor.id).join(';'),
      // Contacts only, and it leaves out what the loser had been merged from: integrators were caught by that.
      ...(type === 'contacts' ? { hs_calculated_merged_vids: vids.filter((vid) => vid !== '').join(';') } : {}),
    }
    for (const loser of losers) this.#mergedInto.set(`${type}/${loser.id}`, survivor.id)
    for (const name of Object.keys(moved)) survivor.history.set(name, historyOf(other, name).toReversed())
    survivor.updatedAtMs = atMs
    this.#unique.add(survivor)
    this.#noteIndex(survivor, before)
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

  /** A property gets another definition. Values follow a new name; no event, no new modification date. */
  replaceProperty(type: ObjectTypeName, name: string, by: PropertyDefinition): void {
    const records = this.#order[type].filter((record) => !record.gone)
    const indexed = by.hasUniqueValue || [name, by.name].some((one) => this.uniqueProperties(type).includes(one))
    if (indexed) for (const record of records) this.#unique.drop(record)
    this.catalog.replace(type, name, by)
    if (by.name !== name) for (const record of records) renameValue(record, name, by.name)
    if (indexed) for (const record of records) this.#unique.add(record)
  }

  /** The change as this portal's own app would make it. */
  get appActor(): Actor {
    return app(this.appId)
  }

  #keep(record: StoredRecord): void {
    this.#records[record.type].set(record.id, record)
    this.#order[record.type].push(record)
    this.#modified[record.type].note(record.id)
  }

  #successor(primary: StoredRecord): StoredRecord {
    this.#nextId += 1
    const successor: StoredRecord = {
      ...primary,
      id: String(this.#nextId),
      gone: false,
      history: new Map(primary.history),
    }
    this.#keep(successor)
    return successor
  }

  #set(record: StoredRecord, written: Written, actor: Actor, atMs: number): void {
    const changed = Object.entries(written).filter(([name, value]) => (record.properties[name] ?? '') !== value)
    if (changed.length === 0) return
    this.#unique.drop(record)
    for (const [name, value] of changed) {
      const entries = record.history.get(name) ?? historyOf(record, name)
      entries.push({ value, atMs, sourceType: actor.sourceType, sourceId: actor.sourceId, userId: actor.userId })
      record.history.set(name, entries.slice(-historyMax(record.type)))
    }
    record.properties = { ...record.properties, ...Object.fromEntries(changed) }
    this.#unique.add(record)
    for (const [name, value] of changed) {
      this.onChange({ kind: 'property', ref: refOf(record), name, value, actor, atMs })
    }
  }

  #noteIndex(record: StoredRecord, before: RecordView | null): void {
    const nowMs = this.steady()
    this.#modified[record.type].note(record.id)
    const after = record.gone || record.archivedAtMs !== null ? null : viewOf(record)
    this.#index.noteWrite(`${record.type}/${record.id}`, before, after, nowMs + this.settings.searchDelayMs, nowMs)
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

export function refOf(record: RecordView): ObjectRef {
  return { type: record.type, id: record.id }
}

function viewOf(record: StoredRecord): RecordView {
  const { id, type, createdAtMs, updatedAtMs, properties } = record
  return { id, type, createdAtMs, updatedAtMs, properties }
}
