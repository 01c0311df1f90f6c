import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = new URL('../../', import.meta.url)

export type NamedTests = {
  /** How many titles the document names. */
  readonly titles: number
  /** Files and titles that the document names and nobody finds. */
  readonly missing: readonly string[]
}

/** `file`: “title”; “title”, as a document names tests. */
const NAMED = /`((?:src|test|sandbox|workers|console|bench|tools)\/[^`]+\.test\.tsx?)`((?::? ?(?:; )?“[^”]*”)*)/g

/** Looks up every test that a document names. */
export function checkNamedTests(document: string): NamedTests {
  const missing: string[] = []
  let count = 0
  for (const [, file = '', titles = ''] of document.matchAll(NAMED)) {
    const known = titlesIn(file)
    if (known.length === 0) missing.push(`${file} is not there, or has no test`)
    for (const [, title = ''] of titles.matchAll(/“([^”]*)”/g)) {
      count += 1
      const plain = plainly(title)
      if (!known.some((pattern) => pattern.test(plain))) missing.push(`${file}: ${title}`)
    }
  }
  return { titles: count, missing }
}

const titlesOfFiles = new Map<string, readonly RegExp[]>()

/** The titles of a test file as patterns: what a template fills in may be anything. Its groups may stand before. */
function titlesIn(file: string): readonly RegExp[] {
  const known = titlesOfFiles.get(file)
  if (known) return known
  const path = fileURLToPath(new URL(file, ROOT))
  const source = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const groups = `((${patternsOf('describe', source).join('|')}): )*`
  const titles = patternsOf('it', source).map((pattern) => new RegExp(`^${groups}${pattern}$`))
  titlesOfFiles.set(file, titles)
  return titles
}

function patternsOf(call: 'describe' | 'it', source: string): string[] {
  const literals = `(?:'((?:[^'\\\\]|\\\\.)*)'|"((?:[^"\\\\]|\\\\.)*)"|\`((?:[^\`\\\\]|\\\\.)*)\`)`
  const found = source.matchAll(new RegExp(`\\b${call}\\(\\s*${literals}`, 'g'))
  return [...found].map(([, single, double, template]) => {
    const parts = (single ?? double ?? template ?? '').split(/\$\{[^}]*\}/)
    return parts.map((part) => literally(plainly(part))).join('.+')
  })
}

function literally(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
}

function plainly(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll(/[’']/g, "'").replaceAll(/\\(.)/g, '$1')
}
