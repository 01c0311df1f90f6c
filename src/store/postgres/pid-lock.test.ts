import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pidLockHolder, takePidLock } from './pid-lock.ts'

describe('a lock named by a process', () => {
  let directory: string
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lanekeeper-lock-'))
  })
  after(() => rm(directory, { recursive: true }))

  it('has one holder, and the next one after it is given back', async () => {
    const file = join(directory, 'one')
    const lock = await takePidLock(file, 0)
    assert.ok(lock)
    assert.equal(await pidLockHolder(file), process.pid)
    assert.equal(await takePidLock(file, 50), null)
    await lock.release()
    assert.ok(await takePidLock(file, 0))
  })

  it('is taken over from a process that is gone', async () => {
    const file = join(directory, 'gone')
    const { pid } = spawnSync(process.execPath, ['--eval', ''])
    await writeFile(file, String(pid))
    assert.equal(await pidLockHolder(file), null)
    assert.ok(await takePidLock(file, 0))
    assert.equal(await readFile(file, 'utf8'), String(process.pid))
  })

  it('goes to exactly one of many who want it at the same time', async () => {
    const file = join(directory, 'many')
    const taken = await Promise.all(Array.from({ length: 20 }, () => takePidLock(file, 0)))
    assert.equal(taken.filter((lock) => lock !== null).length, 1)
  })
})
