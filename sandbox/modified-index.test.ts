import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ModifiedIndex } from './modified-index.ts'

type Row = { readonly id: string; at: number }

function indexOf(rows: Map<string, Row>): ModifiedIndex<Row> {
  return new ModifiedIndex<Row>({
    all: () => rows.values(),
    get: (id) => rows.get(id),
    id: (row) => row.id,
    at: (row) => row.at,
    compareIds: (a, b) => Number(a) - Number(b),
  })
}

describe('rows by their last change', () => {
  const write = fc.record({
    id: fc.integer({ min: 1, max: 40 }),
    at: fc.integer({ min: 0, max: 60 }),
    gone: fc.boolean(),
  })

  it('equal those of a full scan, in the same order, after any writes', () => {
    fc.assert(
      fc.property(fc.array(write), fc.array(write), fc.integer({ min: 0, max: 61 }), (before, after, fromMs) => {
        const rows = new Map<string, Row>()
        for (const { id, at } of before) rows.set(String(id), { id: String(id), at })
        const index = indexOf(rows)
        // Made now, so that what follows is what was noted.
        assert.equal([...index.since(0)].length, rows.size)
        for (const { id, at, gone } of after) {
          if (gone) rows.delete(String(id))
          else rows.set(String(id), { id: String(id), at })
          index.note(String(id))
        }
        const listed = [...index.since(fromMs)]
        const expected = [...rows.values()]
          .filter((row) => row.at >= fromMs)
          .sort((a, b) => a.at - b.at || Number(a.id) - Number(b.id))
        assert.deepEqual(listed, expected)
      }),
    )
  })

  it('are sorted again after many changes', () => {
    const rows = new Map<string, Row>()
    for (let n = 0; n < 5_000; n += 1) rows.set(String(n), { id: String(n), at: n })
    const index = indexOf(rows)
    assert.equal([...index.since(4_990)].length, 10)
    for (const row of rows.values()) {
      row.at += 10_000
      index.note(row.id)
    }
    assert.equal([...index.since(10_000)].length, 5_000)
    assert.equal([...index.since(14_999)][0]?.id, '4999')
  })
})
