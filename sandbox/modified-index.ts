/** What an index reads of the rows that it orders. `at` may change between two notes of the row; its id never does. */
export type IndexedRows<Row> = {
  all(): Iterable<Row>
  get(id: string): Row | undefined
  id(row: Row): string
  /** When it was last changed, epoch milliseconds. */
  at(row: Row): number
  /** As `Array.sort` wants it, for rows of one moment. */
  compareIds(a: string, b: string): number
}

/** Changes kept apart before everything is put in order again: sorting them for a page costs about a millisecond. */
const CHANGED_MAX = 2_000

/**
 * Rows by the time of their last change, so that a page of "changed since" costs the page and not the table. Made when
 * it is first asked; after that every write has to be noted.
 */
export class ModifiedIndex<Row> {
  readonly #rows: IndexedRows<Row>
  #sorted: Row[] | null = null
  /** When each of them had been changed last when it was put in order. */
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
    // A copy would be as long as the table; what is noted while somebody reads on is theirs to see at the next page.
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
