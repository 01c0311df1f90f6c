import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, describe, it } from 'node:test'
import { addKey, followKeys, loadKeys, retireKeys } from './key-file.ts'

describe('the key file', () => {
  const made: string[] = []
  let dataDir: string
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'lanekeeper-keys-'))
    made.push(dataDir)
  })
  after(() => Promise.all(made.map((directory) => rm(directory, { recursive: true, force: true }))))
  const settings = () => ({ keys: null, dataDir })
  const versions = async () => (await loadKeys(settings())).map(({ version }) => version)

  it('gains a key before the others, readable by its owner only', async () => {
    const [first] = await loadKeys(settings())
    assert.equal(await addKey(dataDir), 'v2')
    assert.equal(await addKey(dataDir), 'v3')
    assert.deepEqual(await versions(), ['v3', 'v2', 'v1'])
    assert.deepEqual((await loadKeys(settings())).at(-1), first)
    assert.equal((await stat(join(dataDir, 'keys'))).mode & 0o777, 0o600)
  })

  it('gives each of those who add at once a key of its own', async () => {
    await loadKeys(settings())
    const added = await Promise.all([addKey(dataDir), addKey(dataDir), addKey(dataDir)])
    assert.deepEqual(added.toSorted(), ['v2', 'v3', 'v4'])
    assert.equal((await versions()).length, 4)
  })

  it('forgets what is in no use, and never the newest nor the one before it', async () => {
    await loadKeys(settings())
    await addKey(dataDir)
    assert.deepEqual(await retireKeys(dataDir, []), [], 'something may still be stored that is sealed with v1')
    await loadKeys(settings())
    await addKey(dataDir)
    await addKey(dataDir)
    assert.deepEqual(await retireKeys(dataDir, ['v1']), ['v2'])
    assert.deepEqual(await versions(), ['v4', 'v3', 'v1'])
    assert.deepEqual(await retireKeys(dataDir, []), ['v1'])
    assert.deepEqual(await versions(), ['v4', 'v3'])
  })

  it('is made by who starts, and never by a command beside it: nobody could open what that seals', async () => {
    for (const command of [
      () => loadKeys(settings(), 'refuse'),
      () => followKeys(settings(), 'refuse'),
      () => addKey(dataDir),
      () => retireKeys(dataDir, []),
    ]) {
      await assert.rejects(command(), /no keys in .*set DATA_DIR/)
    }
    assert.deepEqual(await readdir(dataDir), [])
    const own = { keys: [{ version: 'v1', key: Buffer.alloc(32) }], dataDir }
    assert.deepEqual(await loadKeys(own, 'refuse'), own.keys)
    const made = await loadKeys(settings())
    assert.deepEqual(await loadKeys(settings(), 'refuse'), made)
  })

  it('is read again by a process that runs, at the next use after it was rewritten', async () => {
    const keys = await followKeys(settings())
    assert.deepEqual(
      keys().map(({ version }) => version),
      ['v1'],
    )
    await addKey(dataDir)
    assert.deepEqual(
      keys().map(({ version }) => version),
      ['v2', 'v1'],
    )
  })

  it('leaves a running process its keys while it cannot be read', async () => {
    const keys = await followKeys(settings())
    const good = await readFile(join(dataDir, 'keys'))
    await writeFile(join(dataDir, 'keys'), 'half a li')
    assert.equal(keys().length, 1)
    await rm(join(dataDir, 'keys'))
    assert.equal(keys().length, 1)
    await writeFile(join(dataDir, 'keys'), good)
    assert.equal(keys().length, 1)
  })
})
