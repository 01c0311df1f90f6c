import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FieldSchema } from './crm-facts.ts'
import { type DriftInput, driftedFields, findDrift } from './schema-drift.ts'

function field(name: string, change: Partial<FieldSchema> = {}): FieldSchema {
  return { name, label: name, type: 'text', options: [], writable: true, ...change }
}

const SIZE = field('size', { type: 'picklist', options: ['small', 'large'] })

function drift(change: Partial<DriftInput>) {
  return findDrift({
    known: [field('country'), SIZE],
    drifted: [],
    current: [field('country'), SIZE],
    needed: new Map([
      ['country', ['p1']],
      ['size', ['p1']],
    ]),
    named: new Map([['size', ['Large']]]),
    namedByPolicies: new Map(),
    isInForce: () => true,
    ...change,
  })
}

describe('drift of the fields that policies need', () => {
  it('is none while nothing changed, and none of what no policy needs', () => {
    assert.deepEqual(drift({}), [])
    assert.deepEqual(drift({ known: [SIZE, field('country'), field('shoe')] }), [])
  })

  it('is a field that is gone, with the new ones of its label as a suggestion only', () => {
    const renamed = field('home_country', { label: 'Country' })
    const [found] = drift({ current: [SIZE, renamed, field('other')] })
    assert.deepEqual(
      [found?.kind, found?.field, found?.kind === 'removed' && found.maybe],
      ['removed', 'country', ['home_country']],
    )
  })

  it('keeps its suggestion at every later check, while the suggested field exists', () => {
    const renamed = field('home_country', { label: 'Country' })
    const gone = drift({ current: [SIZE, renamed] })
    assert.deepEqual(drift({ known: [SIZE, renamed], drifted: gone, current: [SIZE, renamed] }), gone)
    const [later] = drift({ known: [SIZE, renamed], drifted: gone, current: [SIZE] })
    assert.deepEqual(later?.kind === 'removed' && later.maybe, [])
  })

  it('is not a field that was never there: that one is unreadable', () => {
    assert.deepEqual(drift({ known: [SIZE], current: [SIZE] }), [])
  })

  it('stays while it lasts, and ends when the field is back', () => {
    const gone = drift({ current: [SIZE] })
    assert.deepEqual(drift({ known: [SIZE], drifted: gone, current: [SIZE] }), gone)
    assert.deepEqual(drift({ known: [SIZE], drifted: gone }), [])
  })

  it('of a type ends when the type is back, or when nobody uses the policies of that time any more', () => {
    const retyped = field('country', { type: 'picklist' })
    const found = drift({ current: [retyped, SIZE] })
    assert.deepEqual(
      found.map(({ kind }) => kind),
      ['retyped'],
    )
    const later = { known: [retyped, SIZE], drifted: found, current: [retyped, SIZE] }
    assert.equal(drift(later).length, 1)
    assert.deepEqual(drift({ ...later, isInForce: (policy) => policy !== 'p1' }), [])
    assert.deepEqual(drift({ ...later, current: [field('country'), SIZE] }), [])
  })

  it('of a picklist is a value that a policy names: its records and those of new values are in doubt, others are not', () => {
    const changed = field('size', { type: 'picklist', options: ['small', 'huge'] })
    const found = drift({ current: [field('country'), changed] })
    assert.deepEqual(
      found.map(({ kind }) => kind),
      ['option-removed'],
    )
    const doubted = (size: string | null) => driftedFields({ size }, found).get('size')
    assert.deepEqual(['large', 'LARGE', 'huge', 'small', null, 'small;large'].map(doubted), [
      'option-removed',
      'option-removed',
      'option-removed',
      undefined,
      undefined,
      'option-removed',
    ])
    assert.deepEqual(drift({ current: [field('country'), changed], named: new Map() }), [])
  })

  it('of a value that only the product names ends when everybody has written their policies anew since', () => {
    const current = [field('country'), field('size', { type: 'picklist', options: ['small'] })]
    const found = drift({ current })
    const later = { known: current, drifted: found, current }
    assert.deepEqual(drift(later), found)
    const isInForce = (policy: string) => policy !== 'p1'
    assert.deepEqual(drift({ ...later, isInForce }), [])
    const namedByPolicies = new Map([['size', ['large']]])
    assert.equal(drift({ ...later, isInForce, namedByPolicies }).length, 1, 'a policy that runs names it itself')
  })

  it('of a picklist doubts the values that came when one went, and none that an admin adds later', () => {
    const options = (...names: string[]) => [field('country'), field('size', { type: 'picklist', options: names })]
    const doubtful = (found: ReturnType<typeof drift>) => found[0]?.kind === 'option-removed' && found[0].doubtful
    const first = drift({ current: options('small', 'huge') })
    assert.deepEqual(doubtful(first), ['Large', 'huge'])
    const second = drift({ known: options('small', 'huge'), drifted: first, current: options('small', 'huge', 'tiny') })
    assert.deepEqual(doubtful(second), ['Large', 'huge'])
    const named = new Map([['size', ['Large', 'small']]])
    const known = options('small', 'huge', 'tiny')
    const third = drift({ known, drifted: second, current: options('huge', 'tiny', 'little'), named })
    assert.deepEqual(doubtful(third), ['Large', 'small', 'huge', 'little'])
  })
})
