import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { passOverRest } from './pass-over-rest.ts'

const part = Buffer.alloc(1_000)

describe('the rest of a refused body', () => {
  it('is read to its end', async () => {
    const body = Readable.from(Array.from({ length: 50 }, () => part))
    await passOverRest(body)
    assert.equal(body.readableEnded, true)
  })

  it('is given up after so many bytes', async () => {
    let sent = 0
    const body = Readable.from(
      (function* () {
        for (;;) {
          sent++
          yield part
        }
      })(),
    )
    await passOverRest(body, { bytes: 5_000, ms: 60_000 })
    assert.ok(sent < 100, String(sent))
    body.destroy()
  })

  it('is given up when nothing more comes', async () => {
    const body = new Readable({ read: () => undefined })
    const began = performance.now()
    await passOverRest(body, { bytes: 5_000, ms: 20 })
    const tookMs = performance.now() - began
    assert.ok(tookMs < 10_000, `${tookMs} ms`)
    body.destroy()
  })

  it('is over when the sender went away', async () => {
    const body = new Readable({ read: () => undefined })
    body.on('error', () => undefined)
    setImmediate(() => body.destroy(new Error('reset')))
    await passOverRest(body, { bytes: 5_000, ms: 60_000 })
    await passOverRest(body)
  })
})
