import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  CrmBusyError,
  CrmNotSentError,
  CrmReconnectError,
  CrmScopeMissingError,
  CrmUnknownError,
} from '../../crm-client.ts'
import { HubSpotRefusal } from '../http/errors.ts'
import type { JsonObject } from '../http/json-value.ts'
import { type BatchItem, type BatchResult, writeBatch } from './batch-write.ts'

const items = (count: number): BatchItem[] =>
  Array.from({ length: count }, (_, at) => ({ key: `k${at}`, inputId: String(at), input: { id: String(at) } }))
const byId = (record: JsonObject, item: BatchItem) => record.id === item.inputId
const said = (results: readonly BatchResult[]) =>
  Object.fromEntries(
    results.map((result) => [result.item.key, 'record' in result ? 'written' : result.outcome.outcome]),
  )

describe('a batch', () => {
  it('matches results by their ids, in any order', async () => {
    const permutation = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7])
    await fc.assert(
      fc.asyncProperty(permutation, async (answered) => {
        const results = await writeBatch(
          items(8),
          async () => ({ results: answered.map((at) => ({ id: String(at) })) }),
          byId,
        )
        const expected = items(8).map(({ key }, at) => [key, answered.includes(at) ? 'written' : 'unknown'])
        assert.deepEqual(Object.entries(said(results)).sort(), expected)
        for (const result of results) if ('record' in result) assert.equal(result.record.id, result.item.inputId)
      }),
    )
  })

  it('that fails in part gives each input its own outcome, by trace, by id or as the last one open', async () => {
    const errors = [
      { category: 'VALIDATION_ERROR', message: 'bad owner', context: { objectWriteTraceId: ['k1'] } },
      { category: 'OBJECT_NOT_FOUND', message: 'not there', context: { ids: ['2', '3'] } },
      { category: 'RATE_LIMITS', message: 'later', context: { id: '4' } },
      { category: 'VALIDATION_ERROR', message: 'of whom?' },
    ]
    const results = await writeBatch(items(6), async () => ({ results: [{ id: '0' }], numErrors: 4, errors }), byId)
    assert.deepEqual(said(results), {
      k0: 'written',
      k1: 'refused',
      k2: 'gone',
      k3: 'gone',
      k4: 'retry',
      k5: 'refused',
    })
  })

  it('leaves inputs unknown if an error names none of them', async () => {
    const errors = [{ category: 'VALIDATION_ERROR', message: 'of whom?' }]
    assert.deepEqual(said(await writeBatch(items(2), async () => ({ results: [], errors }), byId)), {
      k0: 'unknown',
      k1: 'unknown',
    })
  })

  it('of which HubSpot refuses every input stops halving, and the rest is retried later', async () => {
    let calls = 0
    const results = await writeBatch(
      items(100),
      async () => {
        calls += 1
        throw new HubSpotRefusal('no', 'INVALID', 400, {})
      },
      byId,
    )
    const outcomes = Object.values(said(results))
    assert.equal(outcomes.length, 100)
    assert.ok(calls <= 30, `${calls} calls`)
    assert.ok(outcomes.includes('refused') && outcomes.includes('retry'))
    assert.deepEqual([...new Set(outcomes)].sort(), ['refused', 'retry'])
  })

  it('refused by a validation rule says so, with HubSpot’s own message', async () => {
    for (const code of ['MISSING_CONDITIONAL_REQUIRED_PROPERTY', 'MISSING_REQUIRED_PROPERTY']) {
      const body = { category: 'VALIDATION_ERROR', message: 'lost_reason is required', errors: [{ code, message: '' }] }
      const whole = await writeBatch(
        items(1),
        async () => {
          throw new HubSpotRefusal('HubSpot answered 400, "lost_reason is required"', code, 400, body)
        },
        byId,
      )
      const inPart = await writeBatch(
        items(1),
        async () => ({ results: [], errors: [{ ...body, category: 'OTHER', context: { id: '0' } }] }),
        byId,
      )
      for (const [result] of [whole, inPart]) {
        const outcome = result !== undefined && 'outcome' in result ? result.outcome : undefined
        assert.ok(outcome?.outcome === 'refused', code)
        assert.equal(outcome.code, code)
        assert.match(outcome.why, /rule that an admin set.*lost_reason is required/)
      }
    }
  })

  it('that HubSpot refuses as a whole is halved until the bad inputs are found', async () => {
    const bad = fc.uniqueArray(fc.integer({ min: 0, max: 29 }), { maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(bad, async (wrong) => {
        let calls = 0
        const results = await writeBatch(
          items(30),
          async (inputs) => {
            calls += 1
            if (inputs.some(({ id }) => wrong.includes(Number(id)))) throw new HubSpotRefusal('no', 'INVALID', 400, {})
            return { results: inputs.toReversed() }
          },
          byId,
        )
        assert.equal(results.length, 30)
        for (const [key, outcome] of Object.entries(said(results))) {
          assert.equal(outcome, wrong.includes(Number(key.slice(1))) ? 'refused' : 'written')
        }
        assert.ok(calls <= 1 + wrong.length * 10, `${calls} calls for ${wrong.length} bad inputs`)
      }),
    )
  })

  it('whose answer is lost is unknown, and its other parts are still sent', async () => {
    let calls = 0
    const send = async (inputs: JsonObject[]) => {
      calls += 1
      if (calls === 1) throw new HubSpotRefusal('no', 'INVALID', 400, {})
      if (calls === 2) throw new CrmUnknownError('lost')
      return { results: inputs }
    }
    assert.deepEqual(said(await writeBatch(items(2), send, byId)), { k0: 'unknown', k1: 'written' })
  })

  it('stops at a rate limit, and the rest counts as not written', async () => {
    let calls = 0
    const send = async (inputs: JsonObject[]) => {
      calls += 1
      if (calls === 1) throw new HubSpotRefusal('no', 'INVALID', 400, {})
      if (calls === 3) throw new CrmBusyError('later', 123)
      return { results: inputs }
    }
    assert.deepEqual(said(await writeBatch(items(4), send, byId)), {
      k0: 'written',
      k1: 'written',
      k2: 'retry',
      k3: 'retry',
    })
    assert.equal(calls, 3)
  })

  it('keeps the outcome of each part when an error of our own comes between them', async () => {
    for (const [error, part] of [
      [new Error('Connection terminated unexpectedly'), 'unknown'],
      [new CrmNotSentError('no token'), 'retry'],
      [new CrmScopeMissingError('no scope', 'add it', ['x']), 'retry'],
    ] as const) {
      let calls = 0
      const send = async (inputs: JsonObject[]) => {
        calls += 1
        if (calls === 1) throw new HubSpotRefusal('no', 'INVALID', 400, {})
        if (calls === 3) throw new HubSpotRefusal('no', 'INVALID', 400, {})
        if (calls === 4) throw error
        return { results: inputs }
      }
      const expected = { k0: 'written', k1: 'written', k2: part, k3: 'retry' }
      assert.deepEqual(said(await writeBatch(items(4), send, byId)), expected)
    }
  })

  it('throws "reconnect" only while nothing was written', async () => {
    const gone = new CrmReconnectError('revoked', 'connect again')
    await assert.rejects(
      writeBatch(items(2), () => Promise.reject(gone), byId),
      CrmReconnectError,
    )
    let calls = 0
    const send = async (inputs: JsonObject[]) => {
      calls += 1
      if (calls === 1) throw new HubSpotRefusal('no', 'INVALID', 400, {})
      if (calls === 3) throw gone
      return { results: inputs }
    }
    assert.deepEqual(said(await writeBatch(items(2), send, byId)), { k0: 'written', k1: 'retry' })
  })

  it('reports a deleted record as gone, and a bad reference as refused', async () => {
    const missing = () => Promise.reject(new HubSpotRefusal('not there', 'OBJECT_NOT_FOUND', 404, {}))
    const fresh: BatchItem = { key: 'new', inputId: null, input: {} }
    assert.deepEqual(said(await writeBatch([fresh], missing, byId)), { new: 'refused' })
    assert.deepEqual(said(await writeBatch(items(1), missing, byId)), { k0: 'gone' })
  })

  it('does not report a record as gone for a 404 that speaks of the path', async () => {
    const noPath = () => Promise.reject(new HubSpotRefusal('resource not found', 'HTTP_404', 404, { status: 'error' }))
    assert.deepEqual(said(await writeBatch(items(1), noPath, byId)), { k0: 'refused' })
  })

  it('without inputs sends nothing', async () => {
    assert.deepEqual(await writeBatch([], () => assert.fail('sent'), byId), [])
  })
})
