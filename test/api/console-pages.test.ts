import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type AppUnderTest, appUnderTest } from './app-under-test.ts'

const ROUTER = new URL('../../console/src/app/router.tsx', import.meta.url)

describe('a page of the console that is opened by its address', () => {
  let t: AppUnderTest
  let dir: string
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'lanekeeper-console-'))
    mkdirSync(join(dir, 'assets'))
    writeFileSync(join(dir, 'index.html'), '<title>Lanekeeper</title>')
    t = await appUnderTest({ consoleDir: dir })
  })
  after(async () => {
    await t?.close()
    rmSync(dir, { recursive: true, force: true })
  })

  const statusOf = async (url: string) => (await t.call({ url, headers: { accept: 'text/html' } })).statusCode

  it('is found, each one that the console knows', async () => {
    const paths = [...readFileSync(ROUTER, 'utf8').matchAll(/path: '([^']+)'/g)].map(([, path]) => path!)
    assert.ok(paths.includes('/people') && paths.length > 10, paths.join(' '))
    const found = await Promise.all(paths.map(async (path) => [path, await statusOf(path.replaceAll('$', 'x'))]))
    assert.deepEqual(
      found.filter(([, status]) => status !== 200),
      [],
    )
  })

  it('is not found where there is none, and the console says so', async () => {
    assert.equal(await statusOf('/no-such-page'), 404)
  })
})
