import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CrmBusyError, CrmReconnectError } from '../../crm-client.ts'
import { type HttpAnswer, NoAnswerError } from '../../http-exchange.ts'
import { failureOf, failureWithoutAnswer, SalesforceOutage, SalesforceRefusal, SessionRefusedError } from './failure.ts'

const NOW_MS = 1_000_000
const call = { call: 'GET /query', kind: 'read', nowMs: NOW_MS } as const

function answer(status: number, body: unknown, headers: Record<string, string> = {}): HttpAnswer {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { status, text, headers: new Headers(headers), askedAtMs: null }
}

describe('a failed call to Salesforce', () => {
  it('that Salesforce refused keeps code, status and the fields that it named', () => {
    const error = failureOf(
      answer(400, [{ errorCode: 'INVALID_FIELD', message: 'no such column', fields: ['Plan__c'] }]),
      call,
    )
    assert.ok(error instanceof SalesforceRefusal)
    assert.deepEqual([error.code, error.status, error.fields], ['INVALID_FIELD', 400, ['Plan__c']])
  })

  it('with a 401 is a refused session, whether or not its answer was complete', () => {
    const cut = new NoAnswerError('cut', {
      reason: 'broken',
      networkCode: '',
      head: { status: 401, headers: new Headers() },
    })
    assert.ok(failureOf(answer(401, 'x'), call) instanceof SessionRefusedError)
    assert.ok(failureWithoutAnswer(cut, call) instanceof SessionRefusedError)
  })

  it('that was never sent is safe to repeat, a write too', () => {
    const error = failureWithoutAnswer(
      new NoAnswerError('no', { reason: 'unreachable', networkCode: 'ENOTFOUND', head: null }),
      { ...call, kind: 'write' },
    )
    assert.ok(error instanceof CrmBusyError)
    assert.equal(error.retryAtMs, NOW_MS + 5_000)
  })

  for (const reason of ['deadline', 'broken', 'too-long'] as const) {
    it(`that ended with "${reason}" has an unknown outcome and names that reason`, () => {
      const error = failureWithoutAnswer(new NoAnswerError('no', { reason, networkCode: '', head: null }), call)
      assert.ok(error instanceof SalesforceOutage)
      assert.deepEqual([error.reason, error.status], [reason, null])
    })
  }

  it('has an unknown outcome when a proxy answers a 4xx, and when Salesforce answers a 5xx', () => {
    for (const [ugly, reason] of [
      [answer(404, '<html>blocked</html>'), 'not-salesforce'],
      [answer(500, [{ errorCode: 'X', message: 'oops' }]), 'server-error'],
    ] as const) {
      const error = failureOf(ugly, call)
      assert.ok(error instanceof SalesforceOutage)
      assert.deepEqual([error.status, error.reason], [ugly.status, reason])
    }
  })

  for (const status of [400, 401, 403, 404, 408, 409, 413]) {
    it(`with status ${status} and no JSON of Salesforce leaves a write unknown`, () => {
      for (const text of ['', '<html>blocked</html>', '[]', '{"half":', '{"message":"Forbidden"}']) {
        assert.ok(failureOf(answer(status, text), { ...call, kind: 'write' }) instanceof SalesforceOutage, text)
      }
      const cut = new NoAnswerError('cut', {
        reason: 'broken',
        networkCode: '',
        head: { status, headers: new Headers() },
      })
      assert.ok(failureWithoutAnswer(cut, { ...call, kind: 'write' }) instanceof SalesforceOutage)
    })
  }

  it('waits out a 503 with Retry-After for a read only: a write may have been done', () => {
    const unavailable = answer(503, 'x', { 'retry-after': '7' })
    const read = failureOf(unavailable, call)
    assert.ok(read instanceof CrmBusyError && read.retryAtMs === NOW_MS + 7_000)
    assert.ok(failureOf(unavailable, { ...call, kind: 'write' }) instanceof SalesforceOutage)
  })

  it('for want of API access needs an admin', () => {
    const error = failureOf(answer(403, [{ errorCode: 'API_CURRENTLY_DISABLED', message: 'no API' }]), call)
    assert.ok(error instanceof CrmReconnectError && !(error instanceof SessionRefusedError))
    assert.match(error.remedy, /API Enabled/)
  })
})
