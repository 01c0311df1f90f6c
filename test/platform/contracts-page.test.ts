import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { checkNamedTests } from './named-tests.ts'

const FOLDER = new URL('../../docs/contracts/', import.meta.url)
const INDEX = readFileSync(new URL('README.md', FOLDER), 'utf8')
const VENDORS = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => ({ name, pages: readPages(name) }))

describe('the pages of the vendors’ contracts', () => {
  it('name no test that is not there', () => {
    const checked = VENDORS.flatMap(({ pages }) => pages).map(({ text }) => checkNamedTests(text))
    const titles = checked.reduce((sum, page) => sum + page.titles, 0)
    assert.ok(titles > 400, `only ${titles} titles were found: the pages are written differently`)
    assert.deepEqual(
      checked.flatMap(({ missing }) => missing),
      [],
    )
  })

  it('are all in the index, each with its title and the number of its facts', () => {
    const listed = [...INDEX.matchAll(/^\| \[(.+)\]\((.+)\.md\) \| (\d+) \|$/gm)].map(
      ([, title, page, facts]) => `${page} ${title} ${facts}`,
    )
    const there = VENDORS.flatMap(({ pages }) => pages).map(
      ({ path, text }) => `${path} ${/^# (.+)$/m.exec(text)?.[1]} ${rowsOf(text).length}`,
    )
    assert.deepEqual(listed.toSorted(), there.toSorted())
  })

  it('have their rows counted in the index', () => {
    assert.equal(VENDORS.length, 2)
    const sums = VENDORS.map(({ name, pages }) => {
      const counts = countStates(pages.flatMap(({ text }) => rowsOf(text)))
      assert.equal(countsInIndex(name), counts.join(' | '), name)
      return counts
    })
    const both = (sums[0] ?? []).map((count, place) => count + (sums[1]?.[place] ?? 0))
    assert.equal(countsInIndex('\\*\\*Both\\*\\*'), both.join(' | '))
  })
})

/** After "covered", in the order of the columns that count them. */
const STATES = ['in part', 'not covered', 'not built', 'not used']

function readPages(vendor: string): { path: string; text: string }[] {
  return readdirSync(new URL(`${vendor}/`, FOLDER)).map((file) => ({
    path: `${vendor}/${file.replace(/\.md$/, '')}`,
    text: readFileSync(new URL(`${vendor}/${file}`, FOLDER), 'utf8'),
  }))
}

function rowsOf(page: string): string[] {
  return page.split('\n').filter((line) => /^\| (?!Fact|---)/.test(line))
}

function countStates(rows: readonly string[]): number[] {
  const counts = Array<number>(8).fill(0)
  for (const row of rows) {
    const [, product = '', sandbox = '', note = ''] = row
      .slice(1, -1)
      .split(' | ')
      .map((cell) => cell.trim())
    const state = STATES.findIndex((name) => product.startsWith(name))
    for (const at of [0, state + 2, ...(sandbox === '-' ? [] : [6]), ...(note === 'unverified' ? [7] : [])]) {
      counts[at] = (counts[at] ?? 0) + 1
    }
  }
  return counts
}

function countsInIndex(name: string): string | undefined {
  return new RegExp(`^\\| ${name} \\| ([\\d |]+) \\|$`, 'im').exec(INDEX)?.[1]
}
