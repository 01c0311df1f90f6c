import { ModifiedIndex } from '../../modified-index.ts'
import { invalid, notFound } from './api-error.ts'
import type { ObjectTypeName } from './object-type.ts'
import { PropertyCatalog } from './property-catalog.ts'
import { SearchIndex } from './search-index.ts'
import { DEFAULT_SETTINGS, type SandboxSettings } from './settings.ts'
import type { ObjectRef } from './store-change.ts'
import { type RecordView, type StoredRecord, viewOf } from './stored-record.ts'
import { UniqueValues } from './unique-values.ts'

/** The records of a portal, as reads, lists and search find them. */
export class RecordStore {
  readonly catalog = new PropertyCatalog()
  /** The portal's own clock, which may be set wrong: every date and event uses it. */
  readonly now: () => number
  /** For durations: it ignores the clock offset. */
  readonly steady: () => number
  settings: SandboxSettings = DEFAULT_SETTINGS
  /** Records in the order of creation. None is ever taken out, so a position is a page cursor. */
  protected readonly order: Readonly<Record<ObjectTypeName, StoredRecord[]>> = {
    contacts: [],
    companies: [],
    deals: [],
    tasks: [],
  }
  protected readonly unique = new UniqueValues(this.catalog)
  /** Id of the record that a merged-away one went into, by `type/id`. */
  protected readonly mergedInto = new Map<string, string>()
  readonly #records: Readonly<Record<ObjectTypeName, Map<string, StoredRecord>>> = {
    contacts: new Map(),
    companies: new Map(),
    deals: new Map(),
    tasks: new Map(),
  }
  readonly #modified: Readonly<Record<ObjectTypeName, ModifiedIndex<StoredRecord>>>
  readonly #index = new SearchIndex()

  constructor(steady: () => number) {
    this.steady = steady
    this.now = () => steady() + this.settings.clockOffsetMs
    const modified = (type: ObjectTypeName) =>
      new ModifiedIndex<StoredRecord>({
        all: () => this.order[type],
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
  }

  /** A live record by id, or an archived one. Merged and erased records are neither. */
  get({ type, id }: ObjectRef, archived = false): StoredRecord | undefined {
    const record = this.#records[type].get(id)
    return record === undefined || record.gone || (record.archivedAtMs !== null) !== archived ? undefined : record
  }

  /** As an API read finds it: a new record may appear with a delay. */
  read(ref: ObjectRef, archived = false): StoredRecord | undefined {
    const record = this.get(ref, archived)
    const { createdHiddenMs } = this.settings
    if (record === undefined || createdHiddenMs === 0) return record
    // A negative age: the record was created before the clock was set back.
    const ageMs = this.now() - record.createdAtMs
    return ageMs >= 0 && ageMs < createdHiddenMs ? undefined : record
  }

  /** The record that a merged-away one went into, across any number of merges. */
  survivorOf({ type, id }: ObjectRef): StoredRecord | undefined {
    let next = this.mergedInto.get(`${type}/${id}`)
    for (let last = next; last !== undefined; last = this.mergedInto.get(`${type}/${last}`)) next = last
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
    const id = this.unique.holder(type, idProperty, value)
    return id === undefined ? undefined : this.get({ type, id })
  }

  uniqueProperties(type: ObjectTypeName): string[] {
    return this.unique.properties(type)
  }

  *list(type: ObjectTypeName, archived = false): Generator<StoredRecord> {
    for (const record of this.order[type]) {
      if (!record.gone && (record.archivedAtMs !== null) === archived) yield record
    }
  }

  /** A page of live or archived records from a position on. `next`: where the following page begins, or null. */
  page(
    type: ObjectTypeName,
    { archived, from, limit }: { archived: boolean; from: number; limit: number },
  ): { records: StoredRecord[]; next: number | null } {
    const order = this.order[type]
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

  /** The records that search shows as changed at `fromMs` or later, oldest change first. */
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

  protected keep(record: StoredRecord): void {
    this.#records[record.type].set(record.id, record)
    this.order[record.type].push(record)
    this.#modified[record.type].note(record.id)
  }

  /** Search shows the change after the index delay. */
  protected noteIndex(record: StoredRecord, before: RecordView | null): void {
    const nowMs = this.steady()
    this.#modified[record.type].note(record.id)
    const after = record.gone || record.archivedAtMs !== null ? null : viewOf(record)
    this.#index.noteWrite(`${record.type}/${record.id}`, before, after, nowMs + this.settings.searchDelayMs, nowMs)
  }
}
