/** How the index reads a row. `at` may change between two notes of the row, the id never. */
export type IndexedRows<Row> = {
  all(): Iterable<Row>
  get(id: string): Row | undefined
  id(row: Row): string
  /** When the row last changed, in epoch milliseconds. */
  at(row: Row): number
  /** For `Array.sort`, of rows that changed at the same time. */
  compareIds(a: string, b: string): number
}

/** Changed rows that are kept apart before the index is rebuilt. Sorting this many costs about a millisecond. */
const CHANGED_MAX = 2_000

/**
 * Rows by the time of their last change: a page of "changed since" costs as much as the page, not as the table. The
 * first read builds the index; from then on every write must be noted.
 */
export class ModifiedIndex<Row> {
  readonly #rows: IndexedRows<Row>
  #sorted: Row[] | null = null
  /** Each sorted row's time of last change when the index was built. */
  #at = new Float64Array()
  readonly #changed = new Set<string>()

  constructor(rows: IndexedRows<Row>) {
    this.#rows = rows
  }

  note(id: string): void {
    if (this.#sorted === null) return
    this.#changed.add(id)
    if (this.#changed.size > CHANGED_MAX) this.#sorted = null
  }

  /** Rows last changed at `fromMs` or later, by time and then by id. */
  *since(fromMs: number): Generator<Row> {
    const { get, id, at } = this.#rows
    const compare = this.#compare
    const sorted = this.#sorted ?? this.#build()
    const fresh: Row[] = []
    for (const changed of this.#changed) {
      const row = get(changed)
      if (row !== undefined && at(row) >= fromMs) fresh.push(row)
    }
    fresh.sort(compare)
    // Not a copy, which would be as long as the table: rows noted during the read appear on the next page.
    let next = 0
    for (let n = this.#firstFrom(fromMs); n < sorted.length; n += 1) {
      const row = sorted[n]!
      if (this.#changed.has(id(row))) continue
      while (next < fresh.length && compare(fresh[next]!, row) < 0) yield fresh[next++]!
      yield row
    }
    while (next < fresh.length) yield fresh[next++]!
  }

  readonly #compare = (a: Row, b: Row): number =>
    this.#rows.at(a) - this.#rows.at(b) || this.#rows.compareIds(this.#rows.id(a), this.#rows.id(b))

  #build(): Row[] {
    const sorted = [...this.#rows.all()].sort(this.#compare)
    this.#sorted = sorted
    this.#at = Float64Array.from(sorted, (row) => this.#rows.at(row))
    this.#changed.clear()
    return sorted
  }

  #firstFrom(fromMs: number): number {
    let low = 0
    let high = this.#at.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#at[middle]! < fromMs) low = middle + 1
      else high = middle
    }
    return low
  }
}
