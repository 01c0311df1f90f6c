import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const PROGRAMS = [
  'tools/check.ts',
  'tools/run-tests.ts',
  'tools/generate.ts',
  'tools/measure-structure.ts',
  'tools/mutate-unknown.ts',
  'bench/run.ts',
]

describe('the commands for working on the code', () => {
  const run = (file: string, ...args: string[]) =>
    spawnSync(process.execPath, [file, ...args], {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      encoding: 'utf8',
      timeout: 30_000,
    })

  for (const file of [...PROGRAMS, 'sandbox/run.ts']) {
    it(`${file} --help says what it takes and runs nothing`, () => {
      for (const help of ['--help', '-h']) {
        const { status, stdout, stderr } = run(file, help)
        assert.deepEqual([status, stderr], [0, ''])
        assert.doesNotMatch(stdout, /✔|✖|\d passed|^\| |Wrote |are running/m)
      }
    })

    it(`${file} answers 64 for an option that it does not know, names the nearest and runs nothing`, () => {
      const { status, stdout, stderr } = run(file, '--hlep')
      assert.deepEqual([status, stdout], [64, ''])
      assert.match(stderr, /--hlep; did you mean --help\?/)
      assert.doesNotMatch(stderr, /^\s+at /m)
    })
  }

  for (const [file, word, says] of [
    ['tools/check.ts', 'types', /"types" is not understood here/],
    ['tools/generate.ts', 'x', /"x" is not understood here/],
    ['tools/mutate-unknown.ts', '--only=nothing-here', /No file with an unknown branch has "nothing-here"/],
    ['bench/run.ts', 'stak', /no benchmark "stak"; did you mean "stack"\?/],
  ] as const) {
    it(`${file} answers 64 for the word "${word}" and runs nothing`, () => {
      const { status, stdout, stderr } = run(file, word)
      assert.deepEqual([status, stdout], [64, ''])
      assert.match(stderr, says)
    })
  }
})
