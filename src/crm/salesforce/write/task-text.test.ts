import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dayIn, subjectTag, taskDescription, taskSubject } from './task-text.ts'

describe('the text of a Salesforce task', () => {
  it('keeps its tag when the subject is longer than Salesforce takes', () => {
    const subject = taskSubject('x'.repeat(400), subjectTag('k1'))
    assert.equal(subject.length, 255)
    assert.ok(subject.endsWith(` ${subjectTag('k1')}`))
  })

  it('is never cut inside a character', () => {
    const subject = taskSubject(`${'x'.repeat(253)}😀😀`, null)
    assert.equal(subject, `${'x'.repeat(253)}…`)
  })

  it('drops what Salesforce cannot store', () => {
    assert.equal(taskDescription('a\u0000b\nc\ud800'), 'a b\nc\ufffd')
    assert.equal(taskDescription('y'.repeat(40_000)).length, 32_000)
  })

  it('has a tag that differs by key and stays the same for one', () => {
    assert.match(subjectTag('k1'), /^\[LK-[a-z2-9]{10}\]$/)
    assert.equal(subjectTag('k1'), subjectTag('k1'))
    assert.notEqual(subjectTag('k1'), subjectTag('k2'))
  })
})

describe('the due day', () => {
  it('is the day of the owner, not of UTC', () => {
    const at = Date.parse('2026-11-22T23:30:00Z')
    assert.equal(dayIn(at, 'Asia/Tokyo'), '2026-11-23')
    assert.equal(dayIn(at, 'America/Los_Angeles'), '2026-11-22')
    assert.equal(dayIn(at, null), '2026-11-22')
  })

  it('falls back to UTC for a zone that Node does not know', () => {
    assert.equal(dayIn(Date.parse('2026-11-22T10:00:00Z'), 'Mars/Olympus'), '2026-11-22')
  })
})
