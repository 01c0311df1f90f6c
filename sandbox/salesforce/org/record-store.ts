import { randomUUID } from 'node:crypto'
import { ModifiedIndex } from '../../modified-index.ts'

/** Instants are epoch milliseconds, calendar days `YYYY-MM-DD`. Answers convert them to the wire form. */
export type FieldValue = string | number | boolean | null

/** Never changed in place: a write stores a new object, so open cursors and change events keep the old one. */
export type StoredRecord = { readonly Id: string; readonly [field: string]: FieldValue }

export type ChangeType = 'CREATE' | 'UPDATE' | 'DELETE' | 'UNDELETE'

export type RecordChange = {
  readonly object: string
  readonly id: string
  readonly type: ChangeType
  readonly before: StoredRecord | null
  readonly after: StoredRecord
}

export type Commit = {
  readonly changes: readonly RecordChange[]
  readonly userId: string
  /** ChangeEventHeader.changeOrigin. Empty: the change came neither from the API nor from the user interface. */
  readonly origin: string
  readonly transactionKey: string
  readonly atMs: number
}

type Transaction = {
  readonly userId: string
  readonly origin: string
  readonly atMs: number
  readonly undo: (() => void)[]
  /** One entry per record, in the order of the first change: the bus sends one event per record and transaction. */
  readonly changes: Map<string, RecordChange>
}

export class RecordStore {
  private readonly tables = new Map<string, Map<string, StoredRecord>>()
  private readonly modified = new Map<string, ModifiedIndex<StoredRecord>>()
  private readonly purged = new Map<string, Map<string, StoredRecord>>()
  private readonly uniqueValues = new Map<string, Map<string, string>>()
  private readonly listeners: ((commit: Commit) => void)[] = []
  private open: Transaction | null = null
  private readonly now: () => number

  constructor(now: () => number) {
    this.now = now
  }

  onCommit(listener: (commit: Commit) => void): void {
    this.listeners.push(listener)
  }

  table(object: string): ReadonlyMap<string, StoredRecord> {
    return this.writableTable(object)
  }

  /** Records with a SystemModstamp at `fromMs` or later, by it and then by id. */
  modifiedSince(object: string, fromMs: number): Iterable<StoredRecord> {
    let index = this.modified.get(object)
    if (index === undefined) {
      index = new ModifiedIndex<StoredRecord>({
        all: () => this.table(object).values(),
        get: (id) => this.get(object, id),
        id: (record) => record.Id,
        at: (record) => Number(record.SystemModstamp ?? 0),
        compareIds: (a, b) => (a === b ? 0 : a < b ? -1 : 1),
      })
      this.modified.set(object, index)
    }
    return index.since(fromMs)
  }

  /** Whether the record is not shared with the user whose view this is. Nothing is hidden in the whole org. */
  isHidden(_id: string): boolean {
    return false
  }

  get(object: string, id: string): StoredRecord | undefined {
    return this.tables.get(object)?.get(id)
  }

  /** Records whose unique field holds this value; external ids compare without regard to case. */
  findUnique(object: string, field: string, value: string): StoredRecord | undefined {
    const id = this.uniqueValues.get(`${object}.${field}`)?.get(value.toLowerCase())
    return id ? this.get(object, id) : undefined
  }

  trackUnique(object: string, field: string): void {
    const key = `${object}.${field}`
    if (this.uniqueValues.has(key)) return
    const values = new Map<string, string>()
    for (const record of this.table(object).values()) {
      const value = record[field]
      if (value !== null && value !== undefined && record.IsDeleted !== true) {
        values.set(String(value).toLowerCase(), record.Id)
      }
    }
    this.uniqueValues.set(key, values)
  }

  /** Loads the generated world without events. */
  seed(object: string, record: StoredRecord): void {
    this.place(object, record.Id, record)
  }

  /** When the running transaction began: all its rows get this time, as in Salesforce. */
  transactionTimeMs(): number {
    if (!this.open) throw new Error('No transaction is open')
    return this.open.atMs
  }

  /**
   * Everything in `work` commits together or not at all. A transaction inside a transaction joins it; when it fails,
   * only its own part is undone, and the outer one may go on.
   * `work` is synchronous, so no other request can come in between.
   */
  transaction<T>(who: { readonly userId: string; readonly origin: string }, work: () => T): T {
    if (this.open) return this.joined(this.open, work)
    const transaction: Transaction = { ...who, atMs: this.now(), undo: [], changes: new Map() }
    this.open = transaction
    let result: T
    try {
      result = work()
    } catch (error) {
      undoTo(transaction, 0)
      throw error
    } finally {
      this.open = null
    }
    const changes = [...transaction.changes.values()]
    if (changes.length > 0) {
      const { userId, origin, atMs } = transaction
      const commit = { changes, userId, origin, atMs, transactionKey: randomUUID() }
      for (const listener of this.listeners) listener(commit)
    }
    return result
  }

  put(object: string, type: ChangeType, after: StoredRecord): void {
    const transaction = this.open
    if (!transaction) throw new Error(`Write to ${object} outside a transaction`)
    const before = this.get(object, after.Id) ?? null
    this.place(object, after.Id, after)
    const noted = transaction.changes.get(after.Id)
    transaction.undo.push(() => {
      this.place(object, after.Id, before)
      if (noted) transaction.changes.set(after.Id, noted)
      else transaction.changes.delete(after.Id)
    })
    this.note(transaction, { object, id: after.Id, type, before, after })
  }

  /** Deletes a row of an object without recycle bin, without a change event. */
  remove(object: string, id: string): void {
    const transaction = this.open
    const before = this.get(object, id)
    if (!transaction || !before) throw new Error(`Cannot remove ${object} ${id}`)
    this.place(object, id, null)
    transaction.undo.push(() => this.place(object, id, before))
  }

  /** Purges a record, from the recycle bin or past it. As in Salesforce, no event follows, and the delete log has it. */
  purge(object: string, id: string): void {
    const record = this.get(object, id)
    if (record !== undefined) {
      const log = this.purged.get(object) ?? new Map<string, StoredRecord>()
      const isInBin = record.IsDeleted === true
      this.purged.set(
        object,
        log.set(id, isInBin ? record : { ...record, IsDeleted: true, SystemModstamp: this.now() }),
      )
    }
    this.place(object, id, null)
  }

  /** Records that were deleted and then purged: in no query, and in the delete log. */
  purgedFrom(object: string): Iterable<StoredRecord> {
    return this.purged.get(object)?.values() ?? []
  }

  private joined<T>(transaction: Transaction, work: () => T): T {
    const mark = transaction.undo.length
    try {
      return work()
    } catch (error) {
      undoTo(transaction, mark)
      throw error
    }
  }

  private note(transaction: Transaction, change: RecordChange): void {
    const earlier = transaction.changes.get(change.id)
    if (!earlier) {
      transaction.changes.set(change.id, change)
      return
    }
    // Changed again in the same transaction: keep the first kind of change, with the final values.
    const type = change.type === 'DELETE' ? 'DELETE' : earlier.type
    transaction.changes.set(change.id, { ...change, type, before: earlier.before })
  }

  private place(object: string, id: string, record: StoredRecord | null): void {
    const table = this.writableTable(object)
    const previous = table.get(id)
    for (const [key, values] of this.uniqueValues) {
      if (!key.startsWith(`${object}.`)) continue
      const field = key.slice(object.length + 1)
      const old = previous?.[field]
      if (old !== null && old !== undefined && values.get(String(old).toLowerCase()) === id) {
        values.delete(String(old).toLowerCase())
      }
      const next = record?.[field]
      if (next !== null && next !== undefined && record?.IsDeleted !== true) values.set(String(next).toLowerCase(), id)
    }
    if (record) table.set(id, record)
    else table.delete(id)
    this.modified.get(object)?.note(id)
  }

  private writableTable(object: string): Map<string, StoredRecord> {
    let table = this.tables.get(object)
    if (!table) {
      table = new Map()
      this.tables.set(object, table)
    }
    return table
  }
}

function undoTo(transaction: Transaction, mark: number): void {
  while (transaction.undo.length > mark) transaction.undo.pop()!()
}
