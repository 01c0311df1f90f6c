import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { caseOf, contact, versionOf } from '../../../../test/support/example.ts'
import { compilePolicy } from '../../policy/compile.ts'
import { evidenceOf } from './evidence.ts'

describe('the evidence of conditions', () => {
  it('is what is known of their inputs, blank included, and leaves out what is not', () => {
    const scope = ['industry', 'company', 'territory'].map((field) => ({ field, op: 'not-blank' as const }))
    const compiled = compilePolicy(versionOf({ scope })).scope
    const { facts } = caseOf(contact({ industry: 'Retail', territory: null }, { unreadable: new Set(['industry']) }))
    assert.deepEqual(evidenceOf(compiled, facts), { company: 'Acme', territory: null })
  })
})
