import { glob, readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { type Given, runAsProgram, runCommand } from '../src/cli/terminal/command.ts'
import { UsageError } from '../src/cli/terminal/usage.ts'
import { equivalentOf, staleEquivalents } from './mutants/equivalent.ts'
import { type Loaded, MutantProcess } from './mutants/mutant-process.ts'
import type { NumberedBranch } from './mutants/switched-source.ts'
import { unknownBranches } from './mutants/unknown-branches.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const MUTATED = 'src/model/**/*.ts'
/** The tests of the model, without those of calendars and of folding, which know no unknown. */
const TESTS = [
  'src/model/{decision,matching,patterns,people,policy,rules,surface}/**/*.test.ts',
  'src/model/record/*.test.ts',
]

/** A mutant that makes a test run for ever counts as found. All tests together take 20 s on a core of their own. */
const MUTANT_TIMEOUT_MS = 90_000

const HELP = `npm run mutants -- [--only TEXT] [--list] [--jobs N] [--seconds N]

Removes each place of the model that treats what is not known apart, one at a time, and runs the unit tests of the model that
reach it. A place that no test misses is printed as a survivor.

  --only TEXT   only places in files whose path has it
  --list        only prints the places
  --jobs N      as many processes; otherwise one per processor
  --seconds N   ends after N seconds, and prints the places that it left; each day it begins at another one

Exit code 0: every removed branch failed a test. 1: some survived. 64: the command was not understood.`

const OPTIONS = {
  only: { type: 'string' },
  list: { type: 'boolean' },
  jobs: { type: 'string' },
  seconds: { type: 'string' },
} as const

/** The tests that reach each branch, the quickest first, by their numbers. */
type Reach = { readonly tests: readonly number[]; readonly byBranch: ReadonlyMap<number, readonly number[]> }

await runAsProgram((args, _environment, streams) =>
  runCommand({ help: HELP, options: OPTIONS, words: 0, run: mutate }, args, streams),
)

async function mutate({ values }: Given<typeof OPTIONS>): Promise<number> {
  const endsAtMs = performance.now() + Number(values.seconds ?? Number.POSITIVE_INFINITY) * 1000
  const loaded: Loaded = { branches: await allBranches(), tests: await testFiles() }
  const asked = loaded.branches.filter(({ path }) => path.includes(values.only ?? ''))
  if (asked.length === 0) throw new UsageError(`No file with an unknown branch has "${values.only}" in its path`)
  const stale = staleEquivalents(loaded.branches)
  for (const { path, was } of stale) say(`STALE     ${path}  ${was}: tools/mutants/equivalent.ts names no such place`)
  if (values.list) {
    for (const branch of asked) say(inWords(branch))
    return 0
  }
  const jobs = Number(values.jobs ?? availableParallelism())
  const reach = await measureReach(loaded, jobs)
  const tried = asked.filter((branch) => equivalentOf(branch) === undefined)
  const waiting = values.seconds === undefined ? [...tried] : fromAnotherEachDay(tried)
  const survivors: NumberedBranch[] = []
  await inParallel(jobs, async () => {
    let process: MutantProcess | null = null
    while (waiting.length > 0 && performance.now() < endsAtMs) {
      const branch = waiting.shift()!
      process ??= await MutantProcess.start(loaded)
      const timeLeftMs = () => Math.min(MUTANT_TIMEOUT_MS, endsAtMs - performance.now())
      let isFound = await isFoundWarm(process, branch, reach, timeLeftMs())
      if (!isFound) {
        process.end()
        process = null
        isFound = timeLeftMs() > 0 && (await isFoundAfresh(loaded, branch, reach, timeLeftMs()))
        // It was cut off, which proves nothing.
        if (timeLeftMs() <= 0) {
          waiting.push(branch)
          break
        }
      }
      say(`${isFound ? 'found   ' : 'SURVIVED'}  ${inWords(branch)}`)
      if (!isFound) survivors.push(branch)
    }
    process?.end()
  })
  for (const branch of waiting) say(`not run   ${inWords(branch)}`)
  const seconds = Math.round(performance.now() / 1000)
  say(
    `${tried.length - waiting.length} unknown branches removed one by one in ${seconds} s, ${survivors.length} survived; ` +
      `${waiting.length} not run, ${asked.length - tried.length} reviewed as equivalent`,
  )
  return survivors.length + stale.length === 0 ? 0 : 1
}

async function allBranches(): Promise<NumberedBranch[]> {
  const paths: string[] = []
  for await (const path of glob(MUTATED, { cwd: ROOT })) if (!path.endsWith('.test.ts')) paths.push(path)
  const found = await Promise.all(
    paths.toSorted().map(async (path) => unknownBranches(path, await readFile(`${ROOT}/${path}`, 'utf8'))),
  )
  return found.flat().map((branch, number) => ({ ...branch, number }))
}

async function testFiles(): Promise<string[]> {
  const paths: string[] = []
  for await (const path of glob(TESTS, { cwd: ROOT })) paths.push(path)
  return paths.toSorted()
}

/** Runs every test once without a mutant. */
async function measureReach(loaded: Loaded, jobs: number): Promise<Reach> {
  const measured: { readonly test: number; readonly ms: number; readonly reached: readonly number[] }[] = []
  let next = 0
  await inParallel(jobs, async () => {
    const process = await MutantProcess.start(loaded)
    while (next < process.tests.length) {
      const test = next++
      const answer = await process.ask({ kind: 'measure', test })
      if (answer === null || answer.failed !== null) {
        throw new Error(`Without a mutant, "${process.tests[test]}" fails already: ${answer?.failed ?? 'no answer'}`)
      }
      measured.push({ test, ms: answer.ms, reached: answer.reached })
    }
    process.end()
  })
  const quickestFirst = measured.toSorted((a, b) => a.ms - b.ms)
  const byBranch = new Map<number, number[]>()
  for (const { test, reached } of quickestFirst) {
    for (const branch of reached) byBranch.set(branch, [...(byBranch.get(branch) ?? []), test])
  }
  return { tests: quickestFirst.map(({ test }) => test), byBranch }
}

/**
 * In a process that has tried others before, so it counts only if the test passes again without the mutant. False
 * is not the last word: something may have been worked out before the mutant.
 */
async function isFoundWarm(
  process: MutantProcess,
  { number }: NumberedBranch,
  { byBranch }: Reach,
  withinMs: number,
): Promise<boolean> {
  const tests = byBranch.get(number) ?? []
  const answer = await process.ask({ kind: 'try', branch: number, tests }, withinMs)
  return answer !== null && answer.foundBy !== null && !answer.isSpoilt
}

/** In a process of its own, which has the branch removed from the start. */
async function isFoundAfresh(
  loaded: Loaded,
  { number }: NumberedBranch,
  reach: Reach,
  withinMs: number,
): Promise<boolean> {
  const process = await MutantProcess.start(loaded, number)
  if (process === null) return true
  const tests = [...new Set([...(reach.byBranch.get(number) ?? []), ...reach.tests])]
  const answer = await process.ask({ kind: 'try', branch: number, tests }, withinMs)
  process.end()
  return answer === null || answer.foundBy !== null
}

/** Where the time is not enough for all, so that none is left out for ever. */
function fromAnotherEachDay(branches: readonly NumberedBranch[]): NumberedBranch[] {
  const day = Math.floor(Date.now() / 86_400_000)
  const first = (day * 41) % Math.max(branches.length, 1)
  return [...branches.slice(first), ...branches.slice(0, first)]
}

async function inParallel(jobs: number, work: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: jobs }, work))
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function inWords({ path, line, was, becomes }: NumberedBranch): string {
  return `${path}:${line}  ${was.replaceAll(/\s+/g, ' ')}  ->  ${becomes.replaceAll(/\s+/g, ' ')}`
}
