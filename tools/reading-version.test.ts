import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { READING_VERSION } from '../src/model/decision/reading-version.ts'
import { readingFiles, readingVersion } from './reading-version.ts'

describe('the version of our own reading', () => {
  it('is the digest of the code that decides; after a change of that code run `npm run generate`', () => {
    assert.equal(READING_VERSION, readingVersion())
  })

  it('covers patterns, matching, rules, classes, folding and how each CRM is read, and no test or console', () => {
    const files = readingFiles()
    for (const file of [
      'src/model/patterns/stale-field.ts',
      'src/model/matching/company-name.ts',
      'src/model/rules/evaluate.ts',
      'src/model/decision/classify.ts',
      'src/model/calendar/business-time.ts',
      'src/model/record/fold/field-registers.ts',
      'src/model/policy/routing.ts',
      'src/crm/hubspot/read/field-text.ts',
      'src/crm/salesforce/profile.ts',
      'src/store/records/neighbours.ts',
    ]) {
      assert.ok(files.includes(file), file)
    }
    assert.deepEqual(
      files.filter((file) => /\.test\.ts$|^(console|src\/api|src\/cli|src\/model\/surface)/.test(file)),
      [],
    )
  })
})
