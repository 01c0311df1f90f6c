import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { coalesce } from './coalesce.ts'

describe('coalesced calls', () => {
  it('happen at once for the first request, and once more for any number that come during it', async () => {
    const sent: string[] = []
    const { request } = coalesce(5, async (key) => void sent.push(key))
    request('a')
    assert.deepEqual(sent, ['a'])
    for (let n = 0; n < 100; n++) request('a')
    request('b')
    await delay(60)
    assert.deepEqual(sent, ['a', 'b', 'a'])
  })

  it('never overlap for one key, however slow they are', async () => {
    let atOnce = 0
    let most = 0
    let calls = 0
    const { request } = coalesce(1, async () => {
      calls++
      most = Math.max(most, ++atOnce)
      await delay(10)
      atOnce--
    })
    for (let n = 0; n < 20; n++) {
      request('a')
      await delay(2)
    }
    await delay(40)
    assert.equal(most, 1)
    assert.ok(calls > 1)
  })

  it('go on after one that failed', async () => {
    let calls = 0
    const { request } = coalesce(1, async () => {
      calls++
      throw new Error('no')
    })
    request('a')
    await delay(20)
    request('a')
    assert.equal(calls, 2)
  })

  it('end with stop', async () => {
    let calls = 0
    const { request, stop } = coalesce(5, async () => void calls++)
    request('a')
    request('a')
    stop()
    request('b')
    await delay(30)
    assert.equal(calls, 1)
  })
})
