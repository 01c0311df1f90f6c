import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { pidLockHolder, takePidLock } from './pid-lock.ts'
import { isProcessAlive } from './running-process.ts'

/** Takes the lock and stays. */
const HOLD = `import("${new URL('./pid-lock.ts', import.meta.url).href}").then(({ takePidLock }) => takePidLock("FILE", 0)).then(() => { console.log(process.pid); setInterval(() => 0, 1e6) })`

describe('a lock named by a process', () => {
  let directory: string
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lanekeeper-lock-'))
  })
  const children: ChildProcess[] = []
  after(() => {
    for (const child of children) child.kill('SIGKILL')
    return rm(directory, { recursive: true })
  })

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

  /** Its process id as soon as it has printed that. */
  async function started(command: string): Promise<{ readonly pid: number; readonly stop: () => void }> {
    const child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    const pid = await new Promise<number>((resolve, reject) => {
      child.stdout.once('data', (text) => resolve(Number(text)))
      child.once('exit', () => reject(new Error(`"${command}" printed no process id`)))
    })
    return { pid, stop: () => child.kill('SIGKILL') }
  }

  it('is taken over from a zombie: a process that ended and whose parent never asked', async () => {
    const file = join(directory, 'zombie')
    const { pid, stop } = await started('sleep 0.2 & echo $!; exec sleep 60')
    const deadline = Date.now() + 5_000
    while (isProcessAlive(pid) && Date.now() < deadline) await delay(10)
    process.kill(pid, 0)
    await writeFile(file, String(pid))
    assert.equal(await pidLockHolder(file), null)
    assert.ok(await takePidLock(file, 0))
    stop()
  })

  it('is taken over from another program that has its process id by now', async () => {
    const file = join(directory, 'other')
    const { pid, stop } = await started('echo $$; exec sleep 60')
    await writeFile(file, String(pid))
    assert.equal(await pidLockHolder(file), null)
    assert.ok(await takePidLock(file, 0))
    stop()
  })

  it('is taken over from another process of the same program, known by when it started', async () => {
    const file = join(directory, 'same-program')
    const { pid, stop } = await started(`exec '${process.execPath}' --eval '${HOLD.replace('FILE', file)}'`)
    assert.equal(await pidLockHolder(file), pid)
    assert.equal(await takePidLock(file, 0), null)
    const note = JSON.parse(await readFile(`${file}.started`, 'utf8'))
    await writeFile(`${file}.started`, JSON.stringify({ ...note, started: `${note.started}0` }))
    assert.equal(await pidLockHolder(file), null)
    assert.ok(await takePidLock(file, 0))
    assert.equal(await pidLockHolder(file), process.pid)
    stop()
  })

  it('is taken over from a process of before that had the very id of this one, as in a container', async () => {
    const file = join(directory, 'own-id')
    await writeFile(file, String(process.pid))
    assert.equal(await pidLockHolder(file), null)
    assert.ok(await takePidLock(file, 0))
    assert.equal(await takePidLock(file, 0), null)
  })

  it('of an earlier version, which noted no more than the process id, is kept while a program of ours runs', async () => {
    const file = join(directory, 'earlier')
    const { pid, stop } = await started(
      `exec '${process.execPath}' --eval 'console.log(process.pid); setInterval(() => 0, 1e6)'`,
    )
    await writeFile(file, String(pid))
    assert.equal(await pidLockHolder(file), pid)
    assert.equal(await takePidLock(file, 0), null)
    stop()
  })

  it('leaves nothing behind when it is given back', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'lanekeeper-lock-'))
    const lock = await takePidLock(join(empty, 'one'), 0)
    await lock?.release()
    assert.deepEqual(await readdir(empty), [])
    await rm(empty, { recursive: true })
  })

  it("names its holder from the first moment on, so that nobody takes it for one that is nobody's", async () => {
    const file = join(directory, 'whole')
    let isOver = false
    const seen = new Set<string>()
    const looking = (async () => {
      for (; !isOver; await new Promise(setImmediate)) {
        try {
          seen.add(readFileSync(file, 'utf8'))
        } catch {
          // It is not there at the moment.
        }
      }
    })()
    for (let turn = 0; turn < 1_000; turn += 1) {
      const lock = await takePidLock(file, 1_000)
      await lock?.release()
    }
    isOver = true
    await looking
    assert.deepEqual([...seen], [String(process.pid)])
  })

  it('goes to exactly one of many who want it at the same time', async () => {
    const file = join(directory, 'many')
    const taken = await Promise.all(Array.from({ length: 20 }, () => takePidLock(file, 0)))
    assert.equal(taken.filter((lock) => lock !== null).length, 1)
  })
})
