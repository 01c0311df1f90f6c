import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RunningVersion } from '../../store/decisions/running-versions.ts'
import { nowSentence } from './running-now.ts'

const live: RunningVersion = {
  workflow: 'lead-routing',
  hash: 'a',
  version: { number: 3, storedAt: new Date('2026-11-24T12:00:00Z') },
  mode: 'live',
  effectiveMode: 'live',
  problems: [],
  isFileRefused: false,
}

describe('whether a workflow runs now', () => {
  it('is live only where this very file is in force, live, and the CRMs may be written to', () => {
    assert.equal(nowSentence(live, 'a', []), 'it runs as version 3 of Nov 24, 2026, live.')
    assert.equal(
      nowSentence(live, 'a', ['Brightwater']),
      'it runs as version 3 of Nov 24, 2026, live. It writes nothing to Brightwater, which is read-only.',
    )
    const problems = [{ problem: 'sam@x.example is not an active user of HubSpot' }]
    assert.equal(
      nowSentence({ ...live, effectiveMode: 'observe', problems }, 'a', ['Brightwater']),
      'it runs as version 3 of Nov 24, 2026, and only observes (set to live, because sam@x.example is not an active user of HubSpot).',
    )
  })

  it('names the version that runs instead where the file changed since, or has errors', () => {
    assert.match(nowSentence(live, 'b', []), /^version 3 of Nov 24, 2026 runs instead of this file, live\. Restart/)
    assert.equal(nowSentence(live, null, []), 'version 3 of Nov 24, 2026 keeps running, live.')
  })

  it('is no where nothing of it runs', () => {
    assert.match(nowSentence(undefined, 'a', []), /^it does not run: Lanekeeper was started without this file/)
    assert.equal(nowSentence(undefined, null, []), 'it does not run.')
    assert.match(nowSentence({ ...live, hash: null, version: null }, null, []), /^it does not run\. No earlier version/)
  })
})
