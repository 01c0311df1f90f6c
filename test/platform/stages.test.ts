import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { PIPELINE, STAGES } from '../../src/queue/stages.ts'

const FOLDER = new URL('../../src/pipeline/', import.meta.url)
const WORKERS = new URL('../../workers/stages/', import.meta.url)

const order = PIPELINE.map(({ folder }) => folder)

describe('the order of the stages in src/queue/stages.ts', () => {
  it('names every folder of src/pipeline once', async () => {
    const entries = await readdir(FOLDER, { withFileTypes: true })
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
    assert.deepEqual([...order].sort(), folders.sort())
  })

  it('is the order of the list in src/pipeline/README.md', async () => {
    const readme = await readFile(new URL('README.md', FOLDER), 'utf8')
    const listed = [...readme.matchAll(/^\d+\. \[`([a-z-]+)\/`\]/gm)].map(([, folder]) => folder)
    assert.deepEqual(listed, order)
  })

  it('names the jobs that have a file in workers/stages, each once', async () => {
    const files = await readdir(WORKERS)
    assert.deepEqual([...new Set(STAGES)], STAGES)
    for (const stage of STAGES)
      assert.ok(files.includes(`${stage}.ts`), `workers/stages/${stage}.ts runs the job ${stage}`)
  })
})
