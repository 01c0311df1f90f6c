import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type AnchorCase, taskAnchor } from './task-anchor.ts'

const on = (recordId: string, lives: AnchorCase['lives'] = true): AnchorCase => ({
  objectType: 'Lead',
  recordId,
  lives,
})
const anchor = (recordId: string) => ({ objectType: 'Lead', recordId })

describe('the record that a task hangs on', () => {
  it('is that of the oldest case that lives', () => {
    assert.deepEqual(taskAnchor([on('1', false), on('2'), on('3')], null), anchor('2'))
  })

  it('stays the same while one of the cases is about it', () => {
    assert.deepEqual(taskAnchor([on('1'), on('2'), on('3')], anchor('3')), anchor('3'))
    assert.deepEqual(taskAnchor([on('1'), on('3', 'unknown')], anchor('3')), anchor('3'))
  })

  it('changes when its case is closed, or the record was deleted, merged away or converted', () => {
    assert.deepEqual(taskAnchor([on('2')], anchor('1')), anchor('2'))
    assert.deepEqual(taskAnchor([on('1', false), on('2')], anchor('1')), anchor('2'))
    assert.deepEqual(taskAnchor([on('1')], { objectType: 'Contact', recordId: '1' }), anchor('1'))
  })

  it('is one of which we do not know whether it was converted only where no other is known to live', () => {
    assert.deepEqual(taskAnchor([on('1', 'unknown'), on('2')], null), anchor('2'))
    assert.deepEqual(taskAnchor([on('1', false), on('2', 'unknown')], null), anchor('2'))
  })

  it('is none where no case lives, and none of a case about an input', () => {
    assert.equal(taskAnchor([on('1', false)], anchor('1')), null)
    assert.equal(taskAnchor([on('Country', 'no-record')], null), null)
    assert.equal(taskAnchor([], anchor('1')), null)
  })
})
