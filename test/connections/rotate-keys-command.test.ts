import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { SecretKey } from '../../src/store/secrets/secret-box.ts'
import { withoutOurs } from '../e2e/stack.ts'
import { type ConnectStage, connectStage } from './connect-stage.ts'

const COMMAND = fileURLToPath(new URL('../../src/cli/rotate-keys.ts', import.meta.url))

describe('npx lanekeeper rotate-keys', () => {
  let stage: ConnectStage
  const made: string[] = []
  before(async () => {
    stage = await connectStage()
    await stage.connect('hubspot', stage.hubSpotGrant())
  })
  after(async () => {
    await Promise.all(made.map((directory) => rm(directory, { recursive: true, force: true })))
    await stage.close()
  })
  async function rotate(keys: readonly SecretKey[] | null): Promise<{ code: number | null; said: string }> {
    const dataDir = await mkdtemp(join(tmpdir(), 'lanekeeper-rotate-'))
    made.push(dataDir)
    const text = keys?.map(({ version, key }) => `${version}:${key.toString('base64')}`).join(',')
    if (text) await writeFile(join(dataDir, 'keys'), `${text}\n`)
    const child = spawn(process.execPath, [COMMAND], {
      env: { ...withoutOurs(process.env), DATA_DIR: dataDir, DATABASE_URL: stage.database.url },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
    return { code, said }
  }

  it('makes no keys of its own beside data that is kept elsewhere', async () => {
    const { code, said } = await rotate(null)
    assert.equal(code, 2)
    assert.match(said, /no keys in .*set DATA_DIR/)
  })

  it('fails while something stays sealed with a key that it does not have', async () => {
    const { code, said } = await rotate([{ version: 'v1', key: Buffer.alloc(32, 7) }])
    assert.equal(code, 1, said)
    assert.match(said, /Sealed 0 of \d+[\s\S]*stay sealed with "v1"/)
  })

  it('is done when everything is sealed with the new key', async () => {
    const { code, said } = await rotate(stage.keys)
    assert.equal(code, 0, said)
    assert.match(said, /with key "v2"/)
  })
})
