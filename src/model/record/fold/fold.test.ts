import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import '../../../crm/profiles.ts'
import { canonicalJson } from '../../policy/canonical.ts'
import type { ChangeEvent, ConnectionId } from '../change-event.ts'
import type { CrmRecord } from '../crm-record.ts'
import { foldEvents } from './fold.ts'
import { MERGED_INTO, mergedEventForLosers } from './merged-events.ts'
import { OWNER_HISTORY_MAX } from './owner-history.ts'
import { tiedFields } from './reason-to-read.ts'

const context = { crm: 'hubspot', unreadable: new Set<string>() } as const

function event(over: Partial<ChangeEvent>): ChangeEvent {
  return {
    connectionId: 'c1' as ConnectionId,
    dedupeKey: `${over.kind}/${over.occurredAtMs}/${over.order}`,
    objectType: 'contacts',
    recordId: '1',
    kind: 'changed',
    occurredAtMs: 1000,
    order: 0,
    fields: {},
    complete: false,
    source: 'webhook',
    actor: { kind: 'person', id: null, ours: false },
    ...over,
  }
}

const fold = (events: readonly ChangeEvent[], record: CrmRecord | null = null) => foldEvents(record, events, context)

describe('folding events into a record', () => {
  it('keeps the newest value of each field, whatever arrives last', () => {
    const { record, outcomes } = fold([
      event({ occurredAtMs: 2000, fields: { company: 'new' } }),
      event({ occurredAtMs: 1000, fields: { company: 'old', country: 'DE' } }),
    ])
    assert.deepEqual(record.values, { company: 'new', country: 'DE' })
    assert.deepEqual(
      outcomes.map((o) => o.outcome),
      ['applied', 'applied'],
    )
  })

  it('calls an event superseded when all it says is outdated, and no change when it repeats what is known', () => {
    const first = event({ occurredAtMs: 2000, fields: { company: 'new' } })
    const { outcomes } = fold([first, event({ occurredAtMs: 1000, fields: { company: 'old' } }), first])
    assert.deepEqual(
      outcomes.map((o) => o.outcome),
      ['applied', 'superseded', 'no-change'],
    )
  })

  describe('K26: two values of one instant', () => {
    const whole = (over: Partial<ChangeEvent>) => event({ complete: true, source: 'poll', ...over })
    const seen = whole({ occurredAtMs: 500, fields: { company: 'old' } })
    const a = event({ fields: { company: 'a' }, order: 5 })
    const b = event({ fields: { company: 'b' }, order: 7 })

    it('are read and not ordered, whichever came first and whatever their event ids', () => {
      for (const events of [
        [seen, a, b],
        [seen, b, a],
        [b, seen, a, b, a],
      ]) {
        const { record, needsRead } = fold(events)
        assert.deepEqual([needsRead, tiedFields(record)], ['same-instant', ['company']])
      }
      const { outcomes } = fold([seen, b, a])
      assert.equal(outcomes.at(-1)?.outcome, 'applied', 'it is news that the value is in doubt')
    })

    it('are settled by the reading, also by one that is dated by their own moment', () => {
      for (const answer of [
        whole({ occurredAtMs: 1000, fields: { company: 'a' } }),
        whole({ occurredAtMs: 500, answersUntilMs: 1000, fields: { company: 'a' } }),
        whole({
          occurredAtMs: 1000,
          order: Number.MAX_SAFE_INTEGER,
          fields: { company: 'a' },
          fieldChangedAtMs: { company: 1000 },
        }),
      ]) {
        for (const events of [
          [seen, a, b, answer],
          [answer, b, seen, a],
        ]) {
          const { record, needsRead } = fold(events)
          assert.deepEqual([record.values.company, needsRead], ['a', null])
        }
      }
    })

    it('are outdated by a later change, and are no doubt where both say the same', () => {
      const later = event({ occurredAtMs: 1001, fields: { company: 'c' } })
      assert.equal(fold([seen, a, later, b]).needsRead, null)
      assert.equal(fold([later, seen, b, a]).needsRead, null)
      assert.equal(fold([seen, a, { ...a, order: 9 }]).needsRead, null)
      assert.equal(fold([seen, a, event({ fields: { country: 'b' } })]).needsRead, null)
    })

    it('are ordered where the CRM numbers its changes', () => {
      const inOrder = (events: readonly ChangeEvent[]) =>
        foldEvents(
          null,
          events.map((one) => ({ ...one, objectType: 'Contact' })),
          { ...context, crm: 'salesforce' },
        )
      assert.deepEqual([inOrder([seen, b, a]).needsRead, inOrder([seen, b, a]).record.values.company], [null, 'b'])
      assert.equal(inOrder([seen, b, { ...a, order: 7 }]).needsRead, 'same-instant')
    })
  })

  it('dates a field by the time the CRM states for it, not by the time of the reading', () => {
    const read = event({
      occurredAtMs: 9000,
      complete: true,
      source: 'baseline',
      fields: { company: 'x' },
      fieldChangedAtMs: { company: 500 },
    })
    assert.equal(fold([read]).record.stamps.company?.atMs, 500)
  })

  it('does not let a poll of an unchanged record make its fields look fresh', () => {
    const { record } = fold([
      event({ occurredAtMs: 1000, complete: true, source: 'baseline', fields: { status: 'Open' } }),
      event({ occurredAtMs: 9000, complete: true, source: 'poll', fields: { status: 'Open' } }),
    ])
    assert.equal(record.stamps.status?.atMs, 1000)
  })

  it('dates a value that only a poll has shown by that poll', () => {
    const { record } = fold([
      event({ occurredAtMs: 1000, fields: { status: 'Open' } }),
      event({ occurredAtMs: 9000, complete: true, source: 'poll', fields: { status: 'Closed' } }),
    ])
    assert.equal(record.values.status, 'Closed')
    assert.equal(record.stamps.status?.atMs, 9000)
  })

  it('deletes and restores by the time of the change, not of the arrival', () => {
    const gone = event({ kind: 'deleted', occurredAtMs: 2000 })
    const back = event({ kind: 'restored', occurredAtMs: 3000 })
    assert.equal(fold([back, gone]).record.deleted, false)
    assert.equal(fold([gone]).record.deleted, true)
  })

  it('removes every value on a privacy deletion, and ignores what is older', () => {
    const { record } = fold([
      event({ occurredAtMs: 1000, fields: { email: 'jane@acme.com', hubspot_owner_id: '7' } }),
      event({ kind: 'erased', occurredAtMs: 2000 }),
      event({ occurredAtMs: 1500, fields: { email: 'late@acme.com' } }),
    ])
    assert.deepEqual(record.values, {})
    assert.deepEqual(record.ownerHistory, [])
    assert.equal(record.deleted, true)
  })

  it('takes the owners before us from the history that the CRM keeps, the first of them as found', () => {
    const ownerHistory = [
      { owner: '7', atMs: 100 },
      { owner: '8', atMs: 200 },
    ]
    const { record } = fold([
      event({ complete: true, source: 'baseline', fields: { hubspot_owner_id: '8' }, ownerHistory }),
    ])
    assert.deepEqual(record.ownerHistory, [
      { owner: '7', atMs: 100, order: 0, found: true },
      { owner: '8', atMs: 200, order: 0 },
    ])
  })

  it('keeps the newest owner changes only', () => {
    const events = Array.from({ length: 30 }, (_, i) =>
      event({ occurredAtMs: 1000 + i, fields: { hubspot_owner_id: String(i % 3) } }),
    )
    const { record } = fold(events)
    assert.equal(record.ownerHistory.length, OWNER_HISTORY_MAX)
    assert.equal(record.ownerHistory.at(-1)?.atMs, 1029)
  })

  it('tells each loser of a merge which record survived', () => {
    const merge = event({ kind: 'merged', recordId: '1', mergedIds: ['2', '3', '1'] })
    const losers = mergedEventForLosers(merge)
    assert.deepEqual(
      losers.map((e) => [e.recordId, e.fields[MERGED_INTO]]),
      [
        ['2', '1'],
        ['3', '1'],
      ],
    )
    const { record, needsRead } = fold([losers[0]!])
    assert.equal(record.mergedInto, '1')
    assert.equal(needsRead, null)
  })
})

describe('the reason to ask the CRM', () => {
  const read = (occurredAtMs: number) =>
    event({ occurredAtMs, complete: true, source: 'poll', fields: { company: 'x' } })

  it('is first sight until the whole record was seen', () => {
    assert.equal(fold([event({ fields: { company: 'x' } })]).needsRead, 'first-sight')
    assert.equal(fold([event({ fields: { company: 'x' } }), read(500)]).needsRead, null)
  })

  for (const kind of ['gap', 'associated', 'merged', 'restored'] as const) {
    it(`is ${kind} until a newer reading answers it`, () => {
      const events = [read(1000), event({ kind, occurredAtMs: 5000 })]
      assert.equal(fold(events).needsRead, kind)
      assert.equal(fold([...events, read(6000)]).needsRead, null)
    })
  }

  it('is answered by a reading whose time the CRM rounded down to the second', () => {
    assert.equal(fold([read(1000), event({ kind: 'gap', occurredAtMs: 5532 }), read(5000)]).needsRead, null)
  })

  it('is answered by a reading that we asked for, however long ago the record was modified', () => {
    const asked = [read(1000), event({ kind: 'associated', occurredAtMs: 90_000 })]
    const answer = { ...read(1000), answersUntilMs: 90_000 }
    assert.equal(fold([...asked, answer]).needsRead, null)
    assert.equal(fold([answer, ...asked]).needsRead, null)
    assert.equal(fold([...asked, answer]).record.stamps.company?.atMs, 1000)
  })

  it('is settled by an answer that shows the record after its deletion', () => {
    const gone = event({ kind: 'deleted', occurredAtMs: 90_000 })
    const { record, needsRead } = fold([read(1000), gone, { ...read(1000), answersUntilMs: 90_000 }])
    assert.equal(record.deleted, false)
    assert.equal(needsRead, null)
  })

  it('is a gap later than a merge, until the CRM shows the record or says again that it is merged or gone', () => {
    const merged = (occurredAtMs: number) =>
      event({ kind: 'merged', occurredAtMs, recordId: '1', fields: { [MERGED_INTO]: '9' } })
    const gap = event({ kind: 'gap', occurredAtMs: 90_000 })
    const asked = [read(1000), merged(50_000), gap]
    assert.equal(fold([read(1000), event({ kind: 'gap', occurredAtMs: 40_000 }), merged(50_000)]).needsRead, null)
    assert.equal(fold(asked).needsRead, 'gap')
    assert.equal(fold([...asked, merged(90_000)]).needsRead, null)
    assert.equal(fold([...asked, event({ kind: 'deleted', occurredAtMs: 90_001 })]).needsRead, null)
    const shown = fold([...asked, { ...read(1000), answersUntilMs: 90_000 }])
    assert.equal(shown.record.mergedInto, null)
    assert.equal(shown.needsRead, null)
  })

  it('is a sign of life after a deletion', () => {
    const gone = event({ kind: 'deleted', occurredAtMs: 2000 })
    assert.equal(fold([read(1000), gone]).needsRead, null)
    assert.equal(
      fold([read(1000), gone, event({ occurredAtMs: 3000, fields: { company: 'y' } })]).needsRead,
      'changed-after-deletion',
    )
  })
})

const anyEvent: fc.Arbitrary<ChangeEvent> = fc
  .record({
    kind: fc.constantFrom('created', 'changed', 'changed', 'changed', 'deleted', 'restored', 'gap', 'erased', 'merged'),
    occurredAtMs: fc.integer({ min: 1, max: 12 }).map((n) => n * 700),
    order: fc.integer({ min: 0, max: 2 }),
    source: fc.constantFrom('webhook', 'stream', 'poll', 'baseline'),
    complete: fc.boolean(),
    fields: fc.dictionary(fc.constantFrom('company', 'hubspot_owner_id', 'status'), fc.constantFrom('a', 'b', null)),
    answersMs: fc.option(fc.integer({ min: 1, max: 14 }).map((n) => n * 700)),
    owners: fc.option(
      fc.array(
        fc.record({ owner: fc.constantFrom('a', 'b'), atMs: fc.integer({ min: 1, max: 9 }).map((n) => n * 700) }),
        { maxLength: 3 },
      ),
    ),
    changedAtMs: fc.option(fc.integer({ min: 1, max: 12 }).map((n) => n * 700)),
    loser: fc.boolean(),
  })
  .map(({ kind, changedAtMs, loser, fields, answersMs, owners, ...rest }) =>
    event({
      ...rest,
      kind: kind as ChangeEvent['kind'],
      fields: kind === 'merged' && loser ? { [MERGED_INTO]: rest.order === 0 ? '8' : '9' } : fields,
      ...(answersMs !== null && rest.complete && { answersUntilMs: answersMs }),
      ...(owners !== null && { ownerHistory: owners }),
      ...(changedAtMs !== null && { fieldChangedAtMs: { status: changedAtMs } }),
    }),
  )

describe('promise 5: any order and any repetition of the same events gives the same record', () => {
  it('byte for byte, in one batch or in several', () => {
    fc.assert(
      fc.property(
        fc
          .array(anyEvent, { minLength: 1, maxLength: 14 })
          .chain((events) =>
            fc.tuple(
              fc.constant(events),
              fc.shuffledSubarray(events, { minLength: events.length }),
              fc.subarray(events),
              fc.integer({ min: 0, max: events.length }),
            ),
          ),
        ([events, shuffled, repeated, cut]) => {
          const straight = fold(events)
          const again = [...shuffled, ...repeated]
          const head = again.slice(0, cut)
          // The record goes through JSON in between, as it does in the database.
          const kept = head.length === 0 ? null : revive(fold(head).record)
          const late = fold(again.slice(cut), kept)
          assert.equal(canonicalJson(late.record), canonicalJson(straight.record))
          assert.equal(late.needsRead, straight.needsRead)
        },
      ),
      { numRuns: 2000 },
    )
  })
})

function revive(record: CrmRecord): CrmRecord {
  return { ...JSON.parse(JSON.stringify(record)), unreadable: record.unreadable }
}
