import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FastifyBaseLogger } from 'fastify'
import type { Connecting } from './connection-service.ts'
import { DraftChecks } from './draft-checks.ts'

/** Runs that end when the test says so, on a draft whose status the test sets. */
function stage() {
  const runs: PromiseWithResolvers<void>[] = []
  const draft = { status: 'checking' }
  const logged: unknown[] = []
  const connecting = {
    async checkDraft() {
      const run = Promise.withResolvers<void>()
      runs.push(run)
      await run.promise
    },
    readDraft: async () => draft,
  } as unknown as Connecting
  const log = { error: (fields: unknown) => logged.push(fields) } as unknown as FastifyBaseLogger
  const checks = new DraftChecks(connecting)
  return { runs, draft, logged, checks, start: () => checks.start('draft-1', log) }
}

describe('checks of a draft behind the answers', () => {
  it('run once, however often somebody presses the button', async () => {
    const { runs, draft, checks, start } = stage()
    for (let press = 1; press <= 3; press += 1) start()
    draft.status = 'checked'
    runs[0]!.resolve()
    await checks.settled()
    assert.equal(runs.length, 1)
  })

  it('run again after one that a login made void, and only then may they be asked for anew', async () => {
    const { runs, draft, checks, start } = stage()
    start()
    start() // after the login, while the run that it made void goes on
    const settled = checks.settled()
    runs[0]!.resolve()
    for (let turn = 0; turn < 100 && runs.length < 2; turn += 1) await new Promise(setImmediate)
    assert.equal(runs.length, 2)
    draft.status = 'checked'
    runs[1]!.resolve()
    await settled
    start()
    assert.equal(runs.length, 3)
    runs[2]!.resolve()
    await checks.settled()
  })

  it('that failed through our own fault are said in the log, and can be begun again', async () => {
    const { runs, logged, checks, start } = stage()
    start()
    runs[0]!.reject(new Error('the database is gone'))
    await checks.settled()
    assert.equal(logged.length, 1)
    start()
    assert.equal(runs.length, 2)
    runs[1]!.resolve()
    await checks.settled()
  })
})
