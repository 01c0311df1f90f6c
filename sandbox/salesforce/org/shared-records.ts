import { type ChangeType, type Commit, RecordStore, type StoredRecord } from './record-store.ts'

/**
 * The org's records as one user sees them: those that are not shared with the user are not there, live or in the recycle
 * bin. Writes go to the whole org, whose rules know every record.
 */
export class SharedRecords extends RecordStore {
  private readonly whole: RecordStore
  private readonly hidden: ReadonlySet<string>

  constructor(whole: RecordStore, hidden: ReadonlySet<string>) {
    super(() => whole.transactionTimeMs())
    this.whole = whole
    this.hidden = hidden
  }

  override isHidden(id: string): boolean {
    return this.hidden.has(id)
  }

  override table(object: string): ReadonlyMap<string, StoredRecord> {
    const all = this.whole.table(object)
    const isAnyHidden = [...this.hidden].some((id) => all.has(id))
    return isAnyHidden ? new Map([...all].filter(([id]) => !this.hidden.has(id))) : all
  }

  override *modifiedSince(object: string, fromMs: number): Iterable<StoredRecord> {
    for (const record of this.whole.modifiedSince(object, fromMs)) if (!this.hidden.has(record.Id)) yield record
  }

  override get(object: string, id: string): StoredRecord | undefined {
    return this.hidden.has(id) ? undefined : this.whole.get(object, id)
  }

  override findUnique(object: string, field: string, value: string): StoredRecord | undefined {
    const found = this.whole.findUnique(object, field, value)
    return found !== undefined && this.hidden.has(found.Id) ? undefined : found
  }

  override trackUnique(object: string, field: string): void {
    this.whole.trackUnique(object, field)
  }

  override transactionTimeMs(): number {
    return this.whole.transactionTimeMs()
  }

  override transaction<T>(who: { readonly userId: string; readonly origin: string }, work: () => T): T {
    return this.whole.transaction(who, work)
  }

  override put(object: string, type: ChangeType, after: StoredRecord): void {
    this.whole.put(object, type, after)
  }

  override remove(object: string, id: string): void {
    this.whole.remove(object, id)
  }

  override onCommit(listener: (commit: Commit) => void): void {
    this.whole.onCommit(listener)
  }

  override seed(object: string, record: StoredRecord): void {
    this.whole.seed(object, record)
  }

  override *purgedFrom(object: string): Iterable<StoredRecord> {
    for (const record of this.whole.purgedFrom(object)) if (!this.hidden.has(record.Id)) yield record
  }

  override purge(object: string, id: string): void {
    this.whole.purge(object, id)
  }
}
