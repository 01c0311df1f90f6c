import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

export const SHIPPED = join(import.meta.dirname, '../../config/examples')

/** Copies of the shipped configuration with one file changed, removed after the tests of the file that calls this. */
export function configCopies(): (file: string, change: (text: string) => string) => string {
  const dirs: string[] = []
  after(() => {
    for (const dir of dirs) rmSync(dir, { recursive: true, force: true })
  })
  return (file, change) => {
    const dir = mkdtempSync(join(tmpdir(), 'lanekeeper-config-'))
    dirs.push(dir)
    cpSync(SHIPPED, dir, { recursive: true })
    const path = join(dir, file)
    const before = readFileSync(path, 'utf8')
    const text = change(before)
    assert.notEqual(text, before, 'the test must change the file')
    writeFileSync(path, text)
    return dir
  }
}
