import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'

import { type CrmClient, CrmRefusedError } from '../../../src/crm/crm-client.ts'
import { createNoticeBoard } from '../../../src/notices/notice-board.ts'
import { checkDrift } from '../../../src/pipeline/read/schema-drift.ts'
import { saveSchema } from '../../../src/store/records/object-schemas.ts'
import { knownSchemas } from '../../../src/store/records/schema-drift.ts'
import { type Harness, pipelineHarness, staff } from '../harness.ts'

describe('the look for drift before a poll', () => {
  const started: Harness[] = []
  after(() => Promise.all(started.map((h) => h.stop())))

  it('goes on after an object whose description is refused, and describes one that never was', async () => {
    const h = await pipelineHarness((crm) => {
      staff(crm)
      return []
    })
    started.push(h)
    const { id } = h.connection
    await saveSchema(h.db, id, { objectType: 'companies', fields: [field('name')] }, [], ['name'])
    const described: string[] = []
    const client: CrmClient = {
      ...h.crm.client(),
      async describe(objectType) {
        described.push(objectType)
        if (objectType === 'companies') throw new CrmRefusedError('not found', 'NOT_FOUND', 404)
        return { objectType, fields: [field('name')] }
      },
    }
    const board = createNoticeBoard(h.db, { nowMs: Date.now })
    const look = () =>
      checkDrift({
        db: h.db,
        client,
        connection: { id, crm: 'hubspot', accountId: '1', timeZone: null },
        workflows: [],
        fieldsOf: () => ({ fields: ['amount', 'name'] }),
        board,
        seenOf: () => ({ shown: new Set(), hidden: new Set() }),
      })
    await look()
    assert.deepEqual(described, ['companies', 'contacts', 'deals'])
    const known = await knownSchemas(h.db, id)
    const standing = known.map(({ objectType, isRefused, unreadable }) => [objectType, isRefused, unreadable])
    assert.deepEqual(standing.sort(), [
      ['companies', true, ['amount', 'name']],
      ['contacts', false, ['amount']],
      ['deals', false, ['amount']],
    ])
    await look()
    assert.equal(described.filter((objectType) => objectType === 'companies').length, 1)
    await board.settled()
  })
})

function field(name: string) {
  return { name, label: name, type: 'text' as const, options: [], writable: true }
}
