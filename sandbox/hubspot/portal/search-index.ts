import type { RecordView, StoredRecord } from './stored-record.ts'

type Lagging = {
  /** What search still shows. Null: the record is not in the index yet, or no longer. */
  visible: RecordView | null
  readonly next: { readonly visibleAtMs: number; readonly view: RecordView | null }[]
}

/** Search lags behind the store: it shows a write after the index delay. Reads by id never lag. */
export class SearchIndex {
  readonly #lagging = new Map<string, Lagging>()

  /** What search shows before and after a write; null: the record is not searchable. */
  noteWrite(
    key: string,
    before: RecordView | null,
    after: RecordView | null,
    visibleAtMs: number,
    nowMs: number,
  ): void {
    if (visibleAtMs <= nowMs && !this.#lagging.has(key)) return
    let lagging = this.#lagging.get(key)
    if (lagging === undefined) {
      lagging = { visible: before, next: [] }
      this.#lagging.set(key, lagging)
    }
    lagging.next.push({ visibleAtMs, view: after })
  }

  /** Records whose latest write search does not show yet, by `type/id`. */
  behind(type: string, nowMs: number): ReadonlyMap<string, RecordView | null> {
    const behind = new Map<string, RecordView | null>()
    for (const [key, lagging] of this.#lagging) {
      while (lagging.next.length > 0 && lagging.next[0]!.visibleAtMs <= nowMs) {
        lagging.visible = lagging.next.shift()!.view
      }
      if (lagging.next.length === 0) this.#lagging.delete(key)
      else if (key.startsWith(`${type}/`)) behind.set(key, lagging.visible)
    }
    return behind
  }

  /** What search shows now of all live records of a type. */
  *views(type: string, live: Iterable<StoredRecord>, nowMs: number): Generator<RecordView> {
    const behind = this.behind(type, nowMs)
    for (const record of live) {
      if (!behind.has(`${type}/${record.id}`)) yield record
    }
    for (const view of behind.values()) if (view !== null) yield view
  }
}
