import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { AssociationBook, inverseTypeId, labelsBetween } from './association-book.ts'
import { OBJECT_TYPES } from './object-type.ts'
import type { ObjectRef } from './store-change.ts'

const ref = fc.record({
  type: fc.constantFrom(...OBJECT_TYPES.map(({ name }) => name)),
  id: fc.constantFrom('1', '2', '3'),
})

describe('the association book', () => {
  it('keeps every association in both directions after any adds and removals', () => {
    const step = fc.record({ from: ref, to: ref, remove: fc.boolean(), label: fc.nat() })
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const book = new AssociationBook()
        for (const { from, to, remove, label } of steps) {
          const labels = labelsBetween(from.type, to.type)
          const chosen = labels[label % Math.max(1, labels.length)]
          if (remove) book.remove(from, to)
          else if (chosen !== undefined) book.add(from, to, chosen.typeId)
          assertMirrored(book, from)
          assertMirrored(book, to)
        }
      }),
    )
  })

  it('knows the inverse of every type, and the inverse of that is the type itself', () => {
    for (const { name: from } of OBJECT_TYPES) {
      for (const { name: to } of OBJECT_TYPES) {
        for (const { typeId } of labelsBetween(from, to)) {
          const back = inverseTypeId(from, to, typeId)
          if (back !== undefined) assert.equal(inverseTypeId(to, from, back), typeId, `${from} ${to} ${typeId}`)
        }
      }
    }
  })
})

function assertMirrored(book: AssociationBook, from: ObjectRef): void {
  for (const { to, typeIds } of book.all(from)) {
    for (const typeId of typeIds) {
      const inverse = inverseTypeId(from.type, to.type, typeId)
      if (inverse !== undefined) assert.ok(book.of(to, from.type).get(from.id)?.has(inverse))
    }
  }
}
