import type { ChangedPage, ChangedSince, CrmClient, ReadRecords } from '../../../src/crm/crm-client.ts'
import type { ChangeEvent, ConnectionId, Crm, FieldText } from '../../../src/model/record/change-event.ts'
import type { FakeCrm } from '../fake-crm.ts'

type Polled = {
  readonly objectType: string
  readonly id: string
  fields: Record<string, FieldText>
  modifiedMs: number
  /** When the CRM's search shows this state: later than it was made. By our clock. */
  shownFromMs: number
  gone: { readonly into: string | null } | null
}

/**
 * Records with modification times, in pages: what the poll and the comparison read. Its clock is the CRM's own, which
 * may be off; nothing is told unless the test does it.
 */
export class PolledCrm {
  readonly records = new Map<string, Polled>()
  readonly calls: string[] = []
  /** Added to our clock to get the CRM's. */
  clockOffMs = 0
  searchDelayMs = 0
  pageSize = 3
  /** Called before each page is made: the moment at which a test lets something happen. */
  onPage: (wanted: ChangedSince) => void = () => undefined
  readonly crm: Crm
  readonly connectionId: ConnectionId
  /** What the pages also tell as deleted. */
  gone: readonly ChangeEvent[] = []
  readonly #nowMs: () => number
  readonly #fake: FakeCrm

  constructor(fake: FakeCrm, nowMs: () => number) {
    this.#fake = fake
    this.crm = fake.crm
    this.connectionId = fake.connectionId
    this.#nowMs = nowMs
  }

  /** Somebody creates or changes a record in the CRM, now by its clock. */
  put(objectType: string, id: string, fields: Record<string, FieldText>, modifiedMs = this.nowMs()): void {
    const key = `${objectType}/${id}`
    const before = this.records.get(key)
    this.records.set(key, {
      objectType,
      id,
      fields: { ...before?.fields, ...fields },
      modifiedMs,
      shownFromMs: this.#nowMs() + this.searchDelayMs,
      gone: null,
    })
  }

  /** Gone without a trace, or with one that names the survivor. */
  remove(objectType: string, id: string, into: string | null = null): void {
    const record = this.records.get(`${objectType}/${id}`)!
    if (into === null) this.records.delete(`${objectType}/${id}`)
    else record.gone = { into }
  }

  nowMs(): number {
    return this.#nowMs() + this.clockOffMs
  }

  /** The event that the CRM would send of the record's present state. */
  told(objectType: string, id: string, fields: readonly string[]): ChangeEvent {
    const record = this.records.get(`${objectType}/${id}`)!
    const only = Object.fromEntries(fields.map((field) => [field, record.fields[field] ?? null]))
    return {
      ...this.#event(record, 'poll'),
      dedupeKey: `told/${objectType}/${id}/${record.modifiedMs}`,
      fields: only,
      complete: false,
      source: this.crm === 'hubspot' ? 'webhook' : 'stream',
      actor: { kind: 'person', id: null, ours: false },
    }
  }

  client(): CrmClient {
    return {
      ...this.#fake.client(),
      changedSince: async (wanted) => this.#page(wanted),
      readRecords: async (wanted) => this.#read(wanted),
    }
  }

  #page(wanted: ChangedSince): ChangedPage {
    this.onPage(wanted)
    this.calls.push(`changedSince ${wanted.objectType}`)
    const shown = [...this.records.values()]
      .filter((record) => record.objectType === wanted.objectType && record.gone === null)
      .filter((record) => record.modifiedMs >= wanted.sinceMs && record.shownFromMs <= this.#nowMs())
      .sort((a, b) => a.modifiedMs - b.modifiedMs || (a.id < b.id ? -1 : 1))
    const after = wanted.cursor?.split('/') ?? ['0', '']
    const rest = shown.filter(
      (record) =>
        record.modifiedMs > Number(after[0]) || (record.modifiedMs === Number(after[0]) && record.id > after[1]!),
    )
    const page = rest.slice(0, this.pageSize)
    const last = page.at(-1)
    return {
      events: [
        ...page.map((record) => this.#event(record, wanted.source)),
        ...this.gone.filter((event) => event.objectType === wanted.objectType),
      ],
      cursor: last && rest.length > page.length ? `${last.modifiedMs}/${last.id}` : null,
      unreadable: [],
      total: shown.length,
    }
  }

  #read({ objectType, ids }: ReadRecords): { events: ChangeEvent[]; missing: string[] } {
    this.calls.push(`readRecords ${objectType} ${ids.length}`)
    const events: ChangeEvent[] = []
    const missing: string[] = []
    for (const id of ids) {
      const record = this.records.get(`${objectType}/${id}`)
      if (record === undefined) missing.push(id)
      else if (record.gone === null) events.push(this.#event(record, 'poll'))
      else {
        const survivor = this.records.get(`${objectType}/${record.gone.into}`)!
        const event = this.#event(survivor, 'poll')
        events.push({ ...event, kind: 'merged', mergedIds: [id], dedupeKey: `${event.dedupeKey}/merged` })
      }
    }
    return { events, missing }
  }

  #event(record: Polled, source: 'poll' | 'baseline'): ChangeEvent {
    const { objectType, id, modifiedMs, fields } = record
    return {
      connectionId: this.connectionId,
      dedupeKey: `read/${objectType}/${id}/${modifiedMs}/${JSON.stringify(fields)}`,
      objectType,
      recordId: id,
      kind: source === 'baseline' ? 'created' : 'changed',
      occurredAtMs: modifiedMs,
      order: 0,
      fields,
      complete: true,
      source,
      actor: { kind: 'unknown', id: null, ours: false },
    }
  }
}
