import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runAsProgram, runCommand } from '../src/cli/terminal/command.ts'
import { PATTERNS_PAGE, patternsPage } from '../src/config/policies/patterns-page.ts'
import { editorSchemas } from '../src/config/policies/write-schemas.ts'
import { patterns } from '../src/model/patterns/registry.ts'
import '../src/crm/profiles.ts'
import { READING_VERSION_FILE, readingVersionText } from './reading-version.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SCHEMAS = join(ROOT, 'config', 'schema')

const HELP = `npm run generate

Rewrites what is derived from the code: the editor's schema of the policies, the tables of docs/patterns.md, and the version
of our own reading, which tells decisions of this code from those of another.

Exit code 0: done. 1: it failed. 64: the command was not understood.`

function generate(): number {
  mkdirSync(SCHEMAS, { recursive: true })
  for (const [name, text] of editorSchemas()) writeFileSync(join(SCHEMAS, name), text)
  writeFileSync(READING_VERSION_FILE, readingVersionText())
  writeFileSync(PATTERNS_PAGE, patternsPage(readFileSync(PATTERNS_PAGE, 'utf8'), patterns()))
  const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome')
  const { status } = spawnSync(process.execPath, [biome, 'format', '--write', SCHEMAS], { stdio: 'ignore' })
  process.stdout.write('Wrote config/schema, the tables of docs/patterns.md and the reading version\n')
  return status ?? 1
}

await runAsProgram((args, _environment, streams) =>
  runCommand({ help: HELP, options: {}, run: generate }, args, streams),
)
