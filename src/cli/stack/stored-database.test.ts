import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readSettings } from '../../config/settings/settings.ts'
import { type PidLock, takePidLock } from '../../store/postgres/pid-lock.ts'
import { runExport } from '../export.ts'
import { runLink } from '../link.ts'
import { runScan } from '../scan.ts'
import { runVerifyLedger } from '../verify-ledger.ts'
import { noteInstance } from './running-instance.ts'
import { openStoredDatabase } from './stored-database.ts'

const URL_THERE = 'postgres://app@127.0.0.1:1/lanes'

describe('which data the commands mean, beside a Lanekeeper that runs', () => {
  let dataDir: string
  let lock: PidLock | null
  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'lanekeeper-stored-'))
    lock = await takePidLock(join(dataDir, 'lanekeeper.pid'), 0)
    assert.ok(lock)
  })
  after(async () => {
    await lock?.release()
    await rm(dataDir, { recursive: true, force: true })
  })
  const settings = (url: string) => readSettings({ DATA_DIR: dataDir, DATABASE_URL: url })

  it('link, scan, verify-ledger and export refuse another database than that of what runs, in the same words', async () => {
    await noteInstance(settings(URL_THERE), false)
    for (const [run, ...args] of [[runLink, 'ann@acme.com'], [runScan], [runVerifyLedger], [runExport]] as const) {
      let problem = ''
      const streams = { stdout: { write: assert.fail }, stderr: { write: (text: string) => (problem += text) } }
      const code = await run(args, { DATA_DIR: dataDir, DATABASE_URL: `${URL_THERE}-other` }, streams)
      assert.equal(code, 2)
      assert.match(problem, /lanes-other, but what runs at .* uses 127\.0\.0\.1:1\/lanes: set DATABASE_URL to that/)
    }
  })

  it('the stored data is that of what runs: the sandbox only where it is asked for', async () => {
    await noteInstance(settings(URL_THERE), true)
    await assert.rejects(openStoredDatabase(settings(URL_THERE), { sandbox: false }), /add --sandbox for that/)
    assert.match((await openStoredDatabase(settings(URL_THERE), { sandbox: true })).url, /lanes_sandbox$/)
    await noteInstance(settings(URL_THERE), false)
    assert.match((await openStoredDatabase(settings(URL_THERE), { sandbox: false })).url, /lanes$/)
  })

  it('an address that is named alone is taken as it is', async () => {
    const stored = await openStoredDatabase({ databaseUrl: `${URL_THERE}-other`, dataDir: '' }, { sandbox: false })
    assert.match(stored.url, /lanes-other$/)
  })
})
