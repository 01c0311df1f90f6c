import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = new URL('../../', import.meta.url)
const PAGE = readFileSync(new URL('docs/contracts.md', ROOT), 'utf8')

/** `file`: “title”; “title”, as a cell of the page names tests. */
const NAMED = /`((?:src|test|sandbox|workers|console)\/[^`]+\.test\.tsx?)`((?::? ?(?:; )?“[^”]*”)*)/g

describe('the page of the vendors’ contracts', () => {
  it('names no test that is not there', () => {
    const titlesOf = new Map<string, RegExp[]>()
    const missing: string[] = []
    let checked = 0
    for (const [, file = '', titles = ''] of PAGE.matchAll(NAMED)) {
      const known = titlesOf.get(file) ?? titlesIn(file)
      titlesOf.set(file, known)
      if (known.length === 0) missing.push(`${file} is not there, or has no test`)
      for (const [, title = ''] of titles.matchAll(/“([^”]*)”/g)) {
        checked += 1
        const plain = plainly(title)
        if (!known.some((pattern) => pattern.test(plain))) missing.push(`${file}: ${title}`)
      }
    }
    assert.ok(checked > 400, `only ${checked} titles were found: the page is written differently`)
    assert.deepEqual(missing, [])
  })

  it('counts its rows', () => {
    const counted = new Map<string, number[]>()
    let section = ''
    for (const line of PAGE.split('\n')) {
      if (line.startsWith('## ')) section = line.slice(3)
      if ((section !== 'HubSpot' && section !== 'Salesforce') || !/^\| (?!Fact|---)/.test(line)) continue
      const [, product = '', sandbox = '', note = ''] = line
        .slice(1, -1)
        .split(' | ')
        .map((cell) => cell.trim())
      const state = STATES.findIndex((name) => product.startsWith(name))
      const counts = counted.get(section) ?? Array<number>(8).fill(0)
      counted.set(section, counts)
      for (const at of [0, state + 2, ...(sandbox === '-' ? [] : [6]), ...(note === 'unverified' ? [7] : [])]) {
        counts[at] = (counts[at] ?? 0) + 1
      }
    }
    for (const [name, counts] of counted) {
      const said = new RegExp(`^\\| ${name} \\| ([\\d |]+) \\|$`, 'm').exec(PAGE)?.[1]
      assert.equal(said, counts.join(' | '), name)
    }
  })
})

/** After "covered", in the order of the columns that count them. */
const STATES = ['in part', 'not covered', 'not built', 'not used']

/** The titles of a test file as patterns: whatever a template fills in may be anything. A group may stand before. */
function titlesIn(file: string): RegExp[] {
  const path = fileURLToPath(new URL(file, ROOT))
  if (!existsSync(path)) return []
  const source = readFileSync(path, 'utf8')
  const found = source.matchAll(/\bit\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g)
  return [...found].map(([, single, double, template]) => {
    const parts = (single ?? double ?? template ?? '').split(/\$\{[^}]*\}/)
    return new RegExp(`(^|: )${parts.map((part) => literally(plainly(part))).join('.+')}$`)
  })
}

function literally(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
}

function plainly(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll(/[’']/g, "'").replaceAll(/\\(.)/g, '$1')
}
