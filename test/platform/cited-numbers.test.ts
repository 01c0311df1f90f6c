import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { checkNamedTests } from './named-tests.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const REQUIREMENTS = 'docs/ownership-model.md'
const PROMISES = 'docs/promises.md'
const LAST = { [REQUIREMENTS]: 70, [PROMISES]: 22 }
const STATES = ['proven', 'in part', 'not built']
/** Number, state, tests and what is missing. */
const ROW = /^\| M?(\d+) \| .+? \| (proven|in part|not built) \| (?:(.*) )?\|$/gm

describe('the pages of requirements and promises', () => {
  for (const [path, last] of Object.entries(LAST)) {
    it(`${path} has a row for each number, with a state that its tests bear out`, () => {
      const rows = rowsOf(path)
      assert.deepEqual(
        rows.map(({ number }) => number),
        Array.from({ length: last }, (_, index) => index + 1),
      )
      const wrong = rows.filter(({ state, proof }) => (state === 'not built') !== (checkNamedTests(proof).titles === 0))
      assert.deepEqual(wrong, [])
    })

    it(`${path} says what is missing wherever a number is proven in part`, () => {
      const silent = rowsOf(path).filter(({ state, proof }) => (state === 'in part') !== proof.includes('Missing: '))
      assert.deepEqual(silent, [])
    })

    it(`${path} counts its states`, () => {
      const counts = STATES.map((state) => rowsOf(path).filter((row) => row.state === state).length)
      assert.ok(read(path).includes(`| ${counts.join(' | ')} |`), `the counts are ${counts.join(', ')}`)
    })

    it(`${path} names no test that is not there`, () => {
      assert.deepEqual(checkNamedTests(read(path)).missing, [])
    })
  }
})

describe('a number that code or tests cite', () => {
  const cited = sourcePaths().map((path) => ({ path, text: read(path) }))

  it('is a requirement, a promise or a fault that is on its page', () => {
    const known: Readonly<Record<Kind, ReadonlySet<number>>> = {
      requirement: new Set(rowsOf(REQUIREMENTS).map(({ number }) => number)),
      promise: new Set(rowsOf(PROMISES).map(({ number }) => number)),
      fault: new Set(faultRows().map(({ number }) => number)),
    }
    const citations = cited.flatMap(({ path, text }) => citationsIn(text).map((citation) => ({ path, ...citation })))
    assert.ok(citations.length > 150, `only ${citations.length} citations were found: they are written differently`)
    assert.deepEqual(
      citations.filter(({ kind, number }) => !known[kind].has(number)),
      [],
    )
  })

  it('is a fault whose row names the test file', () => {
    const tests = cited.filter(({ path }) => path.endsWith('.test.ts'))
    const wrong = faultRows().flatMap(({ number, files }) => {
      const citing = tests.filter(({ text }) =>
        citationsIn(text).some((citation) => citation.kind === 'fault' && citation.number === number),
      )
      const expected = citing.map(({ path }) => path).toSorted()
      return expected.join() === files.toSorted().join() ? [] : [{ number, expected, files }]
    })
    assert.deepEqual(wrong, [])
  })

  it('is a trap of a vendor that has its row', () => {
    const traps = {
      hubspot: new Set(numbersIn(read('docs/contracts/hubspot/traps.md'), /^\| (\d+) /gm).map(String)),
      salesforce: new Set(
        [...read('docs/contracts/salesforce/traps.md').matchAll(/^\| ((?:PS|J)-\d+) /gm)].map((m) => m[1]),
      ),
    }
    const unknown = cited.flatMap(({ path, text }) => [
      ...listsIn(text, 'traps?')
        .filter((n) => !traps.hubspot.has(String(n)))
        .map((n) => `${path}: trap ${n}`),
      ...[...text.matchAll(/\b(?:PS|J)-\d+\b/g)]
        .filter(([id]) => !traps.salesforce.has(id))
        .map(([id]) => `${path}: ${id}`),
    ])
    assert.deepEqual(unknown, [])
  })

  it('stands in a title without "part of" only where its page says proven', () => {
    const isProven = {
      requirement: provenIn(REQUIREMENTS),
      promise: provenIn(PROMISES),
    }
    const overclaimed = cited
      .filter(({ path }) => /\.test\.tsx?$/.test(path))
      .flatMap(({ path, text }) => titlesIn(text).map((title) => ({ path, title })))
      .filter(
        ({ title }) =>
          !title.includes('part of') &&
          citationsIn(title).some(({ kind, number }) => kind !== 'fault' && !isProven[kind].has(number)),
      )
    assert.deepEqual(overclaimed, [])
  })

  it('leads to a document that is there', () => {
    const there = new Set(globSync('docs/**/*.md', { cwd: ROOT }).map((path) => path.replaceAll('\\', '/')))
    const missing = cited.flatMap(({ path, text }) =>
      [...text.matchAll(/\bdocs\/[\w/-]+\.md\b/g)]
        .filter(([page]) => !there.has(page))
        .map(([page]) => `${path}: ${page}`),
    )
    assert.deepEqual(missing, [])
  })
})

type Kind = 'requirement' | 'promise' | 'fault'
type Citation = { readonly kind: Kind; readonly number: number }

/** The paths of pictures hold letters and numbers too, and "case M08" is the id of a case. */
function citationsIn(text: string): Citation[] {
  const prose = text.replaceAll(/\bd="[^"]*"|\bcase M\d+/g, '')
  const citations = (kind: Kind, numbers: readonly number[]) => numbers.map((number) => ({ kind, number }))
  return [
    ...citations('requirement', numbersIn(prose, /\bM([1-9]\d?)\b/g)),
    ...citations('promise', listsIn(prose, 'promises?')),
    ...citations('fault', listsIn(prose, 'fault matrix')),
  ]
}

/** The numbers after a word: "promise 4", "promises 1, 2 and 8". */
function listsIn(text: string, word: string): number[] {
  const lists = text.matchAll(new RegExp(`\\b${word} (\\d+(?:(?:, | and )\\d+)*)`, 'gi'))
  return [...lists].flatMap(([, list = '']) => numbersIn(list, /(\d+)/g))
}

function numbersIn(text: string, pattern: RegExp): number[] {
  return [...text.matchAll(pattern)].map(([, number]) => Number(number))
}

function titlesIn(text: string): string[] {
  const titles = text.matchAll(/\b(?:describe|it)\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g)
  return [...titles].map(([, single, double, template]) => single ?? double ?? template ?? '')
}

function rowsOf(path: string): { number: number; state: string; proof: string }[] {
  return [...read(path).matchAll(ROW)].map(([, number, state = '', proof = '']) => ({
    number: Number(number),
    state,
    proof,
  }))
}

function faultRows(): { number: number; files: string[] }[] {
  const [, matrix = ''] = read(PROMISES).split('## The fault matrix')
  return [...matrix.matchAll(/^\| (\d+) \| (.+) \|$/gm)].map(([, number, cells = '']) => ({
    number: Number(number),
    files: [...cells.matchAll(/`([^`]+\.test\.ts)`/g)].map(([, file = '']) => file),
  }))
}

function provenIn(path: string): Set<number> {
  return new Set(
    rowsOf(path)
      .filter(({ state }) => state === 'proven')
      .map(({ number }) => number),
  )
}

function sourcePaths(): string[] {
  const pattern = '{src,workers,console,sandbox,test,bench,tools}/**/*.{ts,tsx,mjs}'
  const found = globSync(pattern, { cwd: ROOT, exclude: (name) => name === 'node_modules' || name === 'dist' })
  // This file writes about citations and makes none.
  return found
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path !== 'test/platform/cited-numbers.test.ts')
}

function read(path: string): string {
  return readFileSync(`${ROOT}/${path}`, 'utf8')
}
