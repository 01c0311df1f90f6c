import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import '../../src/crm/registry.ts'
import type { Plan } from './one-run.ts'
import { POINTS } from './points.ts'
import { prove } from './prove.ts'

describe('a worker that is ended between claim and record', { timeout: 300_000 }, () => {
  it('part of promises 4, 7, 8 and 10, fault matrix 4: at every point, in both CRMs, with and without enforced keys: nothing is written twice or without a row in the write log', async () => {
    let seed = 0
    const plan = (one: Omit<Plan, 'seed' | 'real' | 'personActs'>): Plan => {
      seed += 1
      return { ...one, seed, real: one.point === 'granted' && one.end === 'stop', personActs: one.kind === 'owner' }
    }
    const { broken, ends } = await prove(1, () =>
      POINTS.flatMap((point) =>
        (['kill', 'stop'] as const).flatMap((end) => [
          ...(point === 'read' ? [] : [plan({ kind: 'task', point, end })]),
          ...(end === 'stop' ? [plan({ kind: 'owner', point, end })] : []),
        ]),
      ),
    )
    assert.deepEqual(broken, [])
    assert.deepEqual(ends, { abandoned: 44, SIGKILL: 0, SIGSTOP: 8 })
  })
})
