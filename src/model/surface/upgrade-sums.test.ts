import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { countsText, heldTasksText, isWithoutEffect, sumOf } from './upgrade-sums.ts'

const NONE = { opened: 0, closed: 0, changed: 0, askedAgain: 0 }
const NO_TASK = { created: 0, changed: 0, closed: 0 }

describe('what is said of an upgrade', () => {
  it('counts cases in words, and leaves out what did not happen', () => {
    assert.equal(
      countsText({ opened: 1_200, closed: 8, changed: 3, askedAgain: 2 }),
      '1,200 cases opened, 8 closed, 3 changed class, 2 opened again for their reviewers',
    )
    assert.equal(countsText({ ...NONE, opened: 1 }), '1 case opened')
    assert.equal(countsText({ ...NONE, closed: 1 }), '1 case closed')
    assert.equal(countsText({ ...NONE, changed: 5 }), '5 cases changed class')
    assert.equal(countsText(NONE), 'no case opened or closed')
  })

  it('counts tasks by what becomes of them', () => {
    assert.equal(
      heldTasksText({ created: 10, changed: 1, closed: 3 }),
      '14 tasks to write: 10 new, 1 with another text, 3 to close',
    )
    assert.equal(heldTasksText({ ...NO_TASK, closed: 1 }), '1 task to write: 1 to close')
    assert.equal(heldTasksText(NO_TASK), 'no task to write')
  })

  it('sums groups', () => {
    assert.deepEqual(
      sumOf([
        { ...NONE, opened: 2 },
        { ...NONE, opened: 1, closed: 4 },
      ]),
      { ...NONE, opened: 3, closed: 4 },
    )
    assert.deepEqual(sumOf([]), NONE)
  })

  it('is without effect where nothing changed and nothing was left out', () => {
    assert.equal(isWithoutEffect([], NO_TASK, 0), true)
    assert.equal(isWithoutEffect([], NO_TASK, 1), false)
    assert.equal(isWithoutEffect([], { ...NO_TASK, changed: 1 }, 0), false)
    assert.equal(isWithoutEffect([{ ...NONE, opened: 1 }], NO_TASK, 0), false)
  })
})
