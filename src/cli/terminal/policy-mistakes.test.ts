import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { runStart } from '../start.ts'
import { refusedAtStart } from './policy-mistakes.ts'

describe('what a start says of policies that do not load', () => {
  let dir: string
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lanekeeper-mistakes-'))
    await cp(join(import.meta.dirname, '../../../config/examples'), dir, { recursive: true })
  })
  afterEach(() => rm(dir, { recursive: true }))

  it('is nothing while all load', () => {
    assert.deepEqual(refusedAtStart(dir), [])
  })

  it('is the file, line and field of each mistake, and that the last good version keeps running', async () => {
    const file = join(dir, 'workflows', 'lead-routing.yaml')
    await writeFile(file, (await readFile(file, 'utf8')).replace('mode: live', 'mode: lively'))
    const text = refusedAtStart(dir).join('\n')
    assert.match(text, /workflows\/lead-routing\.yaml:\d+:\d+ mode is not allowed here; allowed are .*live/)
    assert.match(text, /The last good version of each keeps running, where there is one/)
  })

  it('names a file that is no YAML, and a shared file that stops every workflow', async () => {
    await writeFile(join(dir, 'workflows', 'new.yaml'), 'a: [')
    assert.match(refusedAtStart(dir).join('\n'), /new\.yaml:1:\d+ is not valid YAML/)
    await writeFile(join(dir, 'calendar.yaml'), 'zone: Mars')
    const text = refusedAtStart(dir).join('\n')
    assert.match(text, /calendar\.yaml:1:1/)
    assert.match(text, /lead-routing\.yaml:1:1 needs calendar\.yaml, which has a mistake/)
  })

  it('is a wrong setting where there is no folder with policies, and nothing is started', async () => {
    let problem = ''
    const streams = { stdout: { write: () => true }, stderr: { write: (text: string) => (problem += text) } }
    const environment = { DATA_DIR: join(dir, 'data'), LANEKEEPER_CONFIG_DIR: join(dir, 'none') }
    assert.equal(await runStart([], environment, streams), 64)
    assert.match(problem, /LANEKEEPER_CONFIG_DIR: there is no folder .*none\/workflows/)
    assert.doesNotMatch(problem, /^\s+at /m)
  })
})
