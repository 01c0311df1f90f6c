import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CrmRefusedError } from '../../../src/crm/crm-client.ts'
import { batchDecoder } from '../../../src/crm/salesforce/stream/batch-decoder.ts'
import { LEAD_SCHEMA, leadMessage, replayId, streamClient } from './scripted-bus.ts'

describe('an object that Salesforce does not describe to us', () => {
  it('is asked about again after a few minutes, and its values are spelled by their types from then on', async () => {
    let nowMs = 0
    let asked = 0
    let isRefused = true
    const types = streamClient()
    const client = streamClient({
      fieldTypes: async (objectType) => {
        asked += 1
        if (isRefused) throw new CrmRefusedError('not for you', 'INVALID_TYPE', 400)
        return types.fieldTypes(objectType)
      },
    })
    const decoder = batchDecoder({ client, clock: () => nowMs }, async () => JSON.stringify(LEAD_SCHEMA))
    const payload = leadMessage({ changedFields: ['0x800'] }, { Renewal__c: Date.UTC(2026, 10, 24) })
    const session = await client.session()
    const spelled = async () => {
      const id = replayId(1)
      const events = [{ event: { schemaId: 'lead', payload }, replayId: id }]
      const batch = await decoder.decode(session, [{ events, latestReplayId: id, pendingNumRequested: 0 }] as never)
      return batch.events[0]?.fields.Renewal__c
    }
    const guessed = await spelled()
    isRefused = false
    assert.equal(await spelled(), guessed)
    assert.equal(asked, 1, 'not at every event')
    nowMs += 180_000
    assert.equal(await spelled(), '2026-11-24')
    assert.notEqual(guessed, '2026-11-24')
  })
})
