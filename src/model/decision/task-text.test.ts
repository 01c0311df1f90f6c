import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { closingText, type TaskTextCase, type TaskTextInput, taskText } from './task-text.ts'

const CASE: TaskTextCase = {
  title: 'Jane Doe',
  noun: 'contact',
  pattern: 'orphaned-owner',
  class: 'risky',
  what: 'Ann Lee, who owns this contact, left.',
  wouldHave: 'Nothing: no branch of the workflow covers this contact.',
  todo: 'Give it to somebody who works.',
  causeTitle: 'Ann Lee left and still owns records',
  caseUrl: 'https://console.example/cases/7',
  receiptSeq: 12,
}
const input = (change: Partial<TaskTextInput> = {}): TaskTextInput => ({
  workflowTitle: 'Route leads',
  cases: [CASE],
  total: 1,
  listUrl: 'https://console.example/cases?task=3',
  dueAtMs: Date.parse('2026-11-24T16:00:00Z'),
  timeZone: 'Europe/Berlin',
  reopenReason: null,
  ...change,
})

describe('the text of a task', () => {
  it('names class, pattern and record in the subject', () => {
    assert.equal(taskText(input()).subject, 'Risky: no active owner, contact Jane Doe')
  })

  it('says what happened, why you, what stopped, what to do, by when in your own zone, and where the proof is', () => {
    const { body } = taskText(input())
    for (const part of [
      'What happened: Ann Lee',
      'Why you: you review risky',
      'What would have happened: Nothing',
      'What to do: Give it',
      'Case: https://console.example/cases/7',
      'Receipt: #12',
    ]) {
      assert.ok(body.includes(part), part)
    }
    assert.match(body, /Due: Tue, Nov 24, 2026,? (at )?5:00\sPM \(Europe\/Berlin\)/)
  })

  it('part of M47: lists the records of one cause, says once what is the same for all, and counts what it leaves out', () => {
    const cases = ['A', 'B', 'C'].map((title) => ({ ...CASE, title }))
    const { subject, body } = taskText(input({ cases, total: 40 }))
    assert.equal(subject, 'Risky: Ann Lee left and still owns records (40 records)')
    assert.match(
      body,
      /- contact A\n- contact B\n- contact C\n- and 37 more; the whole list: https:\/\/console\.example\/cases\?task=3\n/,
    )
    assert.match(body, /All cases: https:\/\/console\.example\/cases\?task=3\nEach record is checked by itself/)
    assert.doesNotMatch(body, /cases\/7|Receipt/, 'the first case is not the list')
    const differing = [CASE, { ...CASE, title: 'B', what: 'Something else.' }]
    assert.match(taskText(input({ cases: differing, total: 2 })).body, /- contact B: Something else\./)
  })

  it('part of M47: stays short however many records it lists and however long their values are', () => {
    const cases = Array.from({ length: 25 }, (_, n) => ({ ...CASE, title: `C${n}`, what: 'x'.repeat(5_000) }))
    const { body } = taskText(input({ cases, total: 100_000 }))
    // Salesforce keeps 32,000 characters of a description, HubSpot gets 20,000 of a body.
    assert.ok(body.length < 20_000, String(body.length))
    assert.match(body, /Due: /)
  })

  it('says for a list what would have happened only where that holds for each', () => {
    const alike = [CASE, { ...CASE, title: 'B' }]
    assert.match(taskText(input({ cases: alike, total: 2 })).body, /What would have happened/)
    const differing = [CASE, { ...CASE, title: 'B', wouldHave: 'Otherwise.' }]
    assert.doesNotMatch(taskText(input({ cases: differing, total: 2 })).body, /What would have happened/)
  })

  it('begins with the reason when it is open again', () => {
    assert.match(taskText(input({ reopenReason: 'it is still so.' })).body, /^Reopened: it is still so\./)
  })

  it('never has a subject longer than the 255 characters that both CRMs keep', () => {
    const { subject } = taskText(input({ cases: [{ ...CASE, title: 'x'.repeat(400) }] }))
    assert.equal(subject.length, 255)
    assert.ok(subject.endsWith('…'))
  })

  it('says why it closed, whatever the resolution', () => {
    assert.notEqual(closingText('condition-cleared'), closingText('record-gone'))
    assert.match(closingText('anything else'), /^Closed automatically/)
  })
})
