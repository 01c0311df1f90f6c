import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readSettings } from '../../config/settings/settings.ts'
import { type PidLock, takePidLock } from '../../store/postgres/pid-lock.ts'
import { findRunningInstance, noteInstance } from './running-instance.ts'

describe('the instance that a command finds', () => {
  let dataDir: string
  let lock: PidLock | null
  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'lanekeeper-instance-'))
    lock = await takePidLock(join(dataDir, 'lanekeeper.pid'), 0)
    assert.ok(lock)
  })
  after(async () => {
    await lock?.release()
    await rm(dataDir, { recursive: true, force: true })
  })
  const settings = (databaseUrl?: string) =>
    readSettings({ DATA_DIR: dataDir, ...(databaseUrl ? { DATABASE_URL: databaseUrl } : {}) })

  it('is the one whose database the settings lead to, by whatever name and password', async () => {
    await noteInstance(settings('postgres://app:secret-of-app@db.example/lanes'), false)
    assert.doesNotMatch(await readFile(join(dataDir, 'instance.json'), 'utf8'), /secret-of-app|app/)
    const url = 'postgres://admin:other@db.example:5432/lanes'
    assert.deepEqual(await findRunningInstance(settings(url)), {
      databaseUrl: url,
      publicUrl: 'http://localhost:4000',
      sandbox: false,
    })
  })

  it('is refused where this shell leads to another database: nobody would follow what is done there', async () => {
    const elsewhere = settings('postgres://app:secret-of-app@db.example/other')
    await assert.rejects(findRunningInstance(elsewhere), (error) => {
      assert.match(String(error), /db\.example:5432\/other, but .* uses db\.example:5432\/lanes/)
      assert.doesNotMatch(String(error), /secret-of-app/)
      return true
    })
    await assert.rejects(
      findRunningInstance(settings()),
      /DATABASE_URL is not set, but .* uses db\.example:5432\/lanes/,
    )
    await noteInstance(settings(), false)
    await assert.rejects(findRunningInstance(elsewhere), /has its own database: unset DATABASE_URL/)
  })
})
