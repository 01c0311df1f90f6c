import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** The one file that may: everything else asks it, so that all processes judge by one clock. */
const CLOCK = 'src/clock/clock.ts'

/** `Date` without the moment it is to show. */
const READS_THE_CLOCK = /\bDate\.now\b|\bnew\s+Date\s*(?:\(\s*\)|(?![\s(<]))|(?<!new\s+)(?<![\w.])Date\s*\(\s*\)/g

/** Places of `src` and `workers` that read the machine's clock themselves. */
export async function findClockReaders(): Promise<string[]> {
  const found: string[] = []
  for await (const file of glob('{src,workers}/**/*.ts', { cwd: ROOT })) {
    if (file.endsWith('.test.ts') || file === CLOCK) continue
    for (const line of clockReads(await readFile(join(ROOT, file), 'utf8'))) {
      found.push(`${file}:${line} reads the machine's clock: use ${CLOCK}, or performance.now() for a duration`)
    }
  }
  return found.toSorted()
}

/** The lines, counted from 1. */
export function clockReads(source: string): number[] {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*/g, (comment) => comment.replaceAll(/[^\n]/g, ' '))
  return [...code.matchAll(READS_THE_CLOCK)].map(({ index }) => code.slice(0, index).split('\n').length)
}
