import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { caseOf, contact } from '../../../../test/support/example.ts'
import type { FieldText } from '../../record/change-event.ts'
import { compileConditions } from '../../rules/evaluate.ts'
import { inputClasses } from './input-classes.ts'

const CONDITIONS = compileConditions([
  { field: 'industry', op: 'in', values: ['Retail'] },
  { field: 'industry', op: 'not-in', values: ['Banking'] },
  { field: 'numemployees', op: 'range', from: '10', below: '20' },
])

const classesOf = (values: Record<string, FieldText>, ...hidden: string[]) =>
  inputClasses(CONDITIONS, caseOf(contact(values, { unreadable: new Set(hidden) })).facts)

describe('the classes of what conditions ask', () => {
  it('are the conditions that hold, so that another value of the same class is the same', () => {
    const { industry, numemployees } = classesOf({ industry: 'Retail', numemployees: '18' })
    assert.equal(industry?.length, 2)
    assert.deepEqual(classesOf({ industry: 'Retail', numemployees: '19' }).numemployees, numemployees)
    assert.deepEqual(classesOf({ industry: 'Retail', numemployees: '20' }).numemployees, [])
    assert.equal(classesOf({ industry: 'Mining', numemployees: '18' }).industry?.length, 1)
    assert.deepEqual(classesOf({ industry: 'Banking', numemployees: 'many' }), { industry: [], numemployees: [] })
  })

  it('tell what is hidden from what is blank, and both from a value that meets nothing', () => {
    for (const blank of [null, '', ' ']) {
      assert.deepEqual(classesOf({ industry: blank, numemployees: blank }), {
        industry: 'blank',
        numemployees: 'blank',
      })
    }
    for (const value of ['Retail', 'Banking', null]) {
      assert.equal(classesOf({ industry: value }, 'industry').industry, 'unknown')
    }
  })
})
