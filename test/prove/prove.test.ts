import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import '../../src/crm/registry.ts'
import type { Plan } from './plan.ts'
import { databasePlan, EVERY_STAND } from './plans.ts'
import { prove } from './prove.ts'

describe('a worker that is ended between claim and record', { timeout: 900_000 }, () => {
  it('part of promises 4, 7, 8 and 10, fault matrix 4: at every point, in both CRMs, with and without enforced keys: nothing is written twice or without a row in the write log', async () => {
    let seed = 0
    const plan = (one: Omit<Plan, 'seed' | 'real' | 'personActs'>): Plan => {
      seed += 1
      return { ...one, seed, real: one.point === 'granted' && one.end === 'stop', personActs: one.kind === 'owner' }
    }
    const { broken, ends } = await prove({
      placesEach: 1,
      // Only the first kind of sandbox hangs a task on its record by a call of its own.
      plansOf: (kind) =>
        EVERY_STAND.filter((stand) => stand.kind !== 'link' || kind === 0).flatMap((stand) =>
          (['kill', 'stop'] as const).flatMap((end) =>
            end === 'stop' || stand.kind !== 'owner' ? [plan({ ...stand, end })] : [],
          ),
        ),
      databasePlans: [],
    })
    assert.deepEqual(broken, [])
    assert.deepEqual(ends, { abandoned: 51, SIGKILL: 0, SIGSTOP: 9, 'Postgres crash': 0, 'Postgres restart': 0 })
  })

  it('part of promises 4 and 7, fault matrix 12: Postgres crashes while a write is under way: nothing is written twice or lost', async () => {
    const isAtBytes = ({ point }: { readonly point: string }) => point === 'granted' || point === 'left'
    const databasePlans = EVERY_STAND.flatMap((stand, round) =>
      isAtBytes(stand) ? [databasePlan(round, 1_000 + round, round % 2 === 0 ? 'crash' : 'restart')] : [],
    )
    const { broken, ends } = await prove({ placesEach: 0, plansOf: () => [], databasePlans })
    assert.deepEqual(broken, [])
    assert.equal(ends['Postgres crash'] + ends['Postgres restart'], 24)
  })
})
