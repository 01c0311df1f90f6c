import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { Policy } from '../../src/model/policy/policy.ts'
import { redecideFor } from '../../src/pipeline/read/people-changed.ts'
import { inTransaction } from '../../src/store/database/transaction.ts'
import { contactPolicy, type Harness, pipelineHarness, staff } from './harness.ts'

const MADE = { CreatedDate: '2026-01-01T00:00:00.000Z' }

/** Leads that nobody owns go to Rep, unless the account or a twin of theirs is somebody else's. */
function leadPolicy(): Policy {
  const base = contactPolicy()
  const rule = { ...base.boundary[0]!.rules[0]!, when: [] }
  return {
    ...base,
    objects: [{ crm: 'salesforce', object: 'Lead' }],
    patterns: [
      {
        pattern: 'duplicate-ownership',
        against: [{ crm: 'salesforce', object: 'Lead', subject: 'newer' }],
        againstAccountOwner: true,
      },
      { pattern: 'no-rule' },
    ],
    classes: [{ when: [], class: 'risky', because: 'Two people may work it.' }],
    boundary: [{ ...base.boundary[0]!, rules: [rule] }],
  }
}

describe('a record that waits because of the owner of another one', () => {
  const started: Harness[] = []
  after(() => Promise.all(started.map((h) => h.stop())))

  const start = async () => {
    const h = await pipelineHarness((crm) => {
      staff(crm)
      crm.person('big@x.example')
      return [leadPolicy()]
    }, 'salesforce')
    started.push(h)
    const big = h.crm.users.find(({ email }) => email === 'big@x.example')!
    const put = (key: string, fields: Record<string, string | null>) => {
      const [objectType, id] = key.split('/') as [string, string]
      return h.receive(h.crm.change(objectType, id, { ...MADE, ...fields }))
    }
    return {
      ...h,
      big: big.userId,
      put,
      lead: (id: string, OwnerId: string | null, email = `${id}@acme.com`) =>
        put(`Lead/${id}`, { LastName: id, Company: 'Acme', Email: email, OwnerId, IsConverted: 'false' }),
      async stands(active: boolean) {
        const i = h.crm.users.findIndex(({ userId }) => userId === big.userId)
        h.crm.users[i] = { ...big, active }
        const { changed } = await h.people()
        assert.deepEqual(changed, [big.userId])
      },
      owner: (id: string) => h.crm.records.get(`Lead/${id}`)?.OwnerId ?? null,
      async rounds() {
        for (let n = 0; n < 4; n += 1) await h.settle()
      },
      patterns: async () => (await h.openExceptions()).map(({ pattern }) => pattern),
    }
  }

  it('is decided again when that owner leaves, and when they come back', async () => {
    const h = await start()
    await h.put('Account/A1', { Name: 'Acme', Website: 'acme.com', OwnerId: h.big })
    await h.lead('L1', null)
    await h.rounds()
    assert.equal(h.owner('L1'), null)
    assert.deepEqual(await h.patterns(), ['duplicate-ownership'])

    await h.stands(false)
    await h.rounds()
    assert.notEqual(h.owner('L1'), null, 'nobody works the account')
    assert.deepEqual(await h.patterns(), [])

    await h.stands(true)
    await h.rounds()
    assert.deepEqual(await h.patterns(), ['duplicate-ownership'], 'the account is theirs again, and the lead is not')
  })

  it('is decided again where the other one is the same person', async () => {
    const h = await start()
    await h.lead('L1', h.big, 'jane@foo.com')
    await h.lead('L2', null, 'jane@foo.com')
    await h.rounds()
    assert.equal(h.owner('L2'), null)
    await h.stands(false)
    await h.rounds()
    assert.notEqual(h.owner('L2'), null)
  })

  it('is left alone where the other one is not theirs', async () => {
    const h = await start()
    await h.put('Account/A1', { Name: 'Acme', Website: 'acme.com', OwnerId: h.crm.users[0]!.userId })
    await h.lead('L1', null)
    await h.rounds()
    await inTransaction(h.db, (trx) => redecideFor(trx, h.connection.id, [h.big], h.crm.users))
    await h.rounds()
    assert.equal(h.owner('L1'), null)
  })
})
