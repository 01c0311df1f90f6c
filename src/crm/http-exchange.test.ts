import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { answerClock } from './crm-clock.ts'
import { type ExchangeOptions, exchange, type HttpRequest, jsonObject, NoAnswerError } from './http-exchange.ts'

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void

describe('an HTTP exchange with a CRM', () => {
  let server: Server
  let url: string
  let answer: Answer
  const requests: { readonly path: string | undefined; readonly body: string }[] = []

  beforeEach(async () => {
    requests.length = 0
    server = createServer(async (request, response) => {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part)
      const body = Buffer.concat(parts).toString()
      requests.push({ path: request.url, body })
      answer(request, response, body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve()) // also told of a server that is closed already
        server.closeAllConnections()
      }),
  )

  const send = (request: Partial<HttpRequest> = {}, options: Partial<ExchangeOptions> = {}) =>
    exchange({ method: 'GET', url: `${url}/records`, ...request }, { deadlineMs: 2_000, ...options })

  /** The failure of an exchange that must not succeed. */
  async function failure(work: Promise<unknown>): Promise<NoAnswerError> {
    const error = await work.then(
      () => assert.fail('it succeeded'),
      (reason: unknown) => reason,
    )
    assert.ok(error instanceof NoAnswerError, String(error))
    return error
  }

  it('returns status, headers and the whole text, also of an error and of characters cut between chunks', async () => {
    answer = (_request, response) => {
      const bytes = Buffer.from('{"name":"Zoë"}')
      response.writeHead(404, { 'content-type': 'application/json', 'x-left': '7' })
      response.write(bytes.subarray(0, 12), () => setTimeout(() => response.end(bytes.subarray(12)), 20))
    }
    const { status, headers, text } = await send()
    assert.deepEqual([status, headers.get('x-left'), jsonObject(text)], [404, '7', { name: 'Zoë' }])
  })

  it('sends the body and headers it was given', async () => {
    answer = (request, response, body) => response.end(`${request.method} ${request.headers.authorization} ${body}`)
    const { text } = await send({ method: 'POST', headers: { authorization: 'Bearer t' }, body: '{"a":1}' })
    assert.equal(text, 'POST Bearer t {"a":1}')
  })

  it('returns a redirect as the answer and never follows it with the token', async () => {
    answer = (_request, response) => response.writeHead(302, { location: `${url}/elsewhere` }).end()
    assert.equal((await send()).status, 302)
    assert.deepEqual(
      requests.map(({ path }) => path),
      ['/records'],
    )
  })

  it('knows that nothing was sent when no connection could be made', async () => {
    await new Promise((resolve) => server.close(resolve))
    const { reason, sent, networkCode, head } = await failure(send())
    assert.deepEqual([reason, sent, networkCode, head], ['unreachable', false, 'ECONNREFUSED', null])
  })

  it('does not know what happened when the connection is cut before the answer', async () => {
    answer = (request) => request.socket.destroy()
    const { reason, sent, head } = await failure(send({ method: 'POST', body: '{}' }))
    assert.deepEqual([reason, sent, head], ['broken', true, null])
  })

  it('keeps status and headers of an answer that is cut in the middle', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': '1000', 'x-left': '7' })
      response.write('half an ans', () => response.destroy())
    }
    const { reason, sent, head } = await failure(send())
    assert.deepEqual([reason, sent, head?.status, head?.headers.get('x-left')], ['broken', true, 200, '7'])
  })

  it('stops reading an answer over the byte cap, however long it goes on', async () => {
    let closed = false
    answer = (_request, response) => {
      const timer = setInterval(() => response.write('x'.repeat(1_000)), 1)
      response.on('close', () => {
        clearInterval(timer)
        closed = true
      })
    }
    const { reason, sent, message } = await failure(send({}, { answerBytesMax: 5_000 }))
    assert.deepEqual([reason, sent], ['too-long', true])
    assert.match(message, /longer than 5000 bytes/)
    while (!closed) await new Promise((resolve) => setTimeout(resolve, 5))
  })

  it('accepts an answer of exactly the byte cap', async () => {
    answer = (_request, response) => response.end('12345')
    assert.equal((await send({}, { answerBytesMax: 5 })).text, '12345')
  })

  for (const [when, slow] of [
    ['before the answer', () => {}],
    ['within the answer', (_request, response) => response.writeHead(200).write('{"a":')],
  ] satisfies [string, Answer][]) {
    it(`ends at its deadline ${when}`, async () => {
      answer = slow
      const { reason, sent, message } = await failure(send({}, { deadlineMs: 120 }))
      assert.deepEqual([reason, sent, message], ['deadline', true, 'no answer in 120 ms'])
    })
  }

  it("notes the CRM's clock of every answer, errors included", async () => {
    const theirs = Date.UTC(2026, 10, 24, 9)
    const clock = answerClock(() => theirs - 60_000)
    answer = (_request, response) => response.writeHead(503, { date: new Date(theirs).toUTCString() }).end()
    const { askedAtMs } = await send({}, { clock })
    assert.ok(askedAtMs !== null && askedAtMs <= theirs && askedAtMs > theirs - 2_000)
    assert.ok(Math.abs(clock.aheadMs()! - 60_500) < 2_000)
  })

  describe('behind a gate', () => {
    it('asks the gate once, before any byte leaves, and lets it take its time', async () => {
      answer = (_request, response) => response.end()
      const seen: number[] = []
      const beforeBytes = async (request: HttpRequest) => {
        await new Promise((resolve) => setTimeout(resolve, 150))
        seen.push(requests.length)
        return request
      }
      await send({}, { beforeBytes, deadlineMs: 100 })
      assert.deepEqual([seen, requests.length], [[0], 1])
    })

    it('sends nothing when the gate refuses, and passes its error on unchanged', async () => {
      const paused = new Error('writes are paused')
      const beforeBytes = () => {
        throw paused
      }
      await assert.rejects(send({ method: 'POST', body: '[1,2]' }, { beforeBytes }), (error) => error === paused)
      assert.equal(requests.length, 0)
    })

    it('sends the smaller body that the gate returns, and always to the address it was meant for', async () => {
      answer = (_request, response) => response.end()
      const beforeBytes = (request: HttpRequest): HttpRequest => ({ ...request, url: `${url}/other`, body: '[1]' })
      await send({ method: 'POST', body: '[1,2]' }, { beforeBytes })
      assert.deepEqual(requests, [{ path: '/records', body: '[1]' }])
    })
  })

  it('reads only objects as JSON objects', () => {
    assert.deepEqual(jsonObject('{"a":1}'), { a: 1 })
    for (const other of ['', '[1]', 'null', '7', '{"a":', '<html>']) assert.equal(jsonObject(other), null, other)
  })
})
