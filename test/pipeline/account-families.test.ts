import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import type { FieldText } from '../../src/model/record/change-event.ts'
import { queueMatchKeys } from '../../src/store/records/match-key-versions.ts'
import { CREATED, openPatterns, userId } from './contacts.ts'
import { decisionStage } from './decision-stage.ts'

describe('accounts of one domain, read from the CRM', () => {
  const stage = decisionStage()
  const start = async () => {
    const against = [{ crm: 'hubspot', object: 'companies' }] as const
    const pattern = { pattern: 'duplicate-ownership', against, againstAccountOwner: false } as const
    const objects = [{ crm: 'hubspot', object: 'companies' }] as const
    const twice = { pattern: 'duplicate-ownership', when: [], class: 'risky', because: 'Two people.' } as const
    const h = await stage.start({ objects, patterns: [pattern], classes: [twice] })
    const company = (id: string, parent: string | null, values: Record<string, FieldText> = {}) =>
      h.receive(
        h.crm.change('companies', id, {
          createdate: CREATED,
          name: `Company ${id}`,
          domain: 'acme.de',
          hs_parent_company_id: parent,
          hubspot_owner_id: userId(h, `${id === '3' || id === '9' ? 'rep' : 'gen'}@x.example`),
          ...values,
        }),
      )
    return { ...h, company }
  }

  it('case S10: are one family over two levels, also through a parent of another domain', async () => {
    const h = await start()
    await h.company('1', null)
    await h.company('2', '1', { domain: 'holding.com' })
    await h.company('3', '2')
    await h.settle()
    assert.deepEqual(await openPatterns(h), [])
    await h.company('9', null)
    await h.settle()
    assert.deepEqual(await openPatterns(h), ['duplicate-ownership'], 'no parent leads from 9 to 1')
  })

  it('are decided by keys that an upgrade made again', async () => {
    const h = await start()
    await h.company('1', null)
    await h.settle()
    await sql`update match_key set key = 'domain:old.de'`.execute(h.db)
    await sql`update record set keys = array['domain:old.de']`.execute(h.db)
    await queueMatchKeys(h.db, 'the next version')
    await h.company('9', null)
    await h.settle()
    assert.deepEqual(await openPatterns(h), ['duplicate-ownership'])
  })
})
