import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startSweeper } from './sweeper.ts'

async function until(condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 5_000; !condition(); await delay(2)) {
    if (Date.now() > deadline) assert.fail(`not within 5 s: ${condition}`)
  }
}

describe('the sweeper', () => {
  it('wakes every stage that is overdue, again and again, and says when it last looked', async () => {
    const woken: string[] = []
    const sweeper = startSweeper({
      findOverdue: async () => [
        { stage: 'act', connectionId: 'a' },
        { stage: 'decide', connectionId: 'b' },
      ],
      wake: (stage, connectionId) => void woken.push(`${stage} ${connectionId}`),
      logger: { info() {}, warn() {} },
      everyMs: 5,
    })
    assert.equal(sweeper.lastSweptAtMs(), null)
    await until(() => woken.length >= 6)
    assert.deepEqual(woken.slice(0, 4), ['act a', 'decide b', 'act a', 'decide b'])
    assert.ok((sweeper.lastSweptAtMs() ?? 0) > Date.now() - 5_000)
    await sweeper.close()
    const at = woken.length
    await delay(30)
    assert.equal(woken.length, at, 'and it ends when it is closed')
  })

  it('says once that the database is away, goes on looking, and says that it is back', async () => {
    const said: string[] = []
    let away = true
    let looks = 0
    const sweeper = startSweeper({
      findOverdue: async () => {
        looks++
        if (away) throw new Error('ECONNREFUSED')
        return []
      },
      wake() {},
      logger: {
        info: (message: unknown) => void said.push(String(message)),
        warn: (_fields: unknown, message?: unknown) => void said.push(String(message)),
      },
      everyMs: 3,
    })
    await until(() => looks > 5)
    assert.deepEqual(said, ['sweeper cannot look for overdue rows'])
    assert.equal(sweeper.lastSweptAtMs(), null)
    away = false
    await until(() => said.length > 1)
    assert.equal(said[1], 'sweeper is back')
    await sweeper.close()
  })
})
