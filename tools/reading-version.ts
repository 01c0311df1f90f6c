import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
export const READING_VERSION_FILE = join(ROOT, 'src', 'model', 'decision', 'reading-version.ts')

/**
 * Where our own code decides: how a CRM's answers become values, how events become a record, how records are matched with
 * others, and how a policy is read on them. What these import of `src/model` belongs to it.
 */
const BEGINNINGS = [
  'src/model/decision/decide.ts',
  'src/model/record/fold/fold.ts',
  'src/model/matching/keys.ts',
  'src/model/people/directory.ts',
  'src/store/records/neighbours.ts',
  'src/crm/*/profile.ts',
  'src/crm/*/read/*.ts',
]
const FOLLOWED = 'src/model/'

/** Sixteen hexadecimal digits of a digest over that code, without lines that hold nothing but a comment. */
export function readingVersion(): string {
  const digest = createHash('sha256')
  for (const file of readingFiles()) digest.update(`${file}\n${codeOf(readFileSync(join(ROOT, file), 'utf8'))}\n`)
  return digest.digest('hex').slice(0, 16)
}

/** Every file that the version is made from, by path. */
export function readingFiles(): string[] {
  const files = new Set<string>()
  const waiting = BEGINNINGS.flatMap((pattern) => globSync(pattern, { cwd: ROOT }))
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (file.endsWith('.test.ts') || files.has(file)) continue
    files.add(file)
    for (const [, imported = ''] of readFileSync(join(ROOT, file), 'utf8').matchAll(/from '(\.{1,2}\/[^']+)'/g)) {
      const path = relative(ROOT, join(ROOT, dirname(file), imported))
      if (path.startsWith(FOLLOWED) && existsSync(join(ROOT, path))) waiting.push(path)
    }
  }
  return [...files].sort()
}

export function readingVersionText(): string {
  return `/**
 * Stands for our own code that reads, matches and decides: a digest of it, which \`npm run generate\` writes and a test checks.
 * Where it differs from the version under which a record was decided, what is wanted of that record is backlog.
 */
export const READING_VERSION = '${readingVersion()}'
`
}

function codeOf(text: string): string {
  const lines = text.split('\n').map((line) => line.trim())
  return lines.filter((line) => line !== '' && !/^(\/\/|\/\*|\*( |\/|$))/.test(line)).join('\n')
}
