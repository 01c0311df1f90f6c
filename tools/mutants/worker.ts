import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { collected } from './collected-tests.ts'
import { IS_REMOVED, type NumberedBranch, withSwitches } from './switched-source.ts'

/** What the process is told: first what to load, then what to do with it, one order at a time. */
export type Order =
  | {
      readonly kind: 'load'
      readonly branches: readonly NumberedBranch[]
      readonly tests: readonly string[]
      readonly removed: number | null
    }
  | { readonly kind: 'measure'; readonly test: number }
  | { readonly kind: 'try'; readonly branch: number; readonly tests: readonly number[] }

export type Answer =
  | { readonly kind: 'loaded'; readonly tests: readonly string[] }
  /** The branches that the test reaches. */
  | {
      readonly kind: 'measured'
      readonly reached: readonly number[]
      readonly ms: number
      readonly failed: string | null
    }
  /** `isSpoilt`: the test fails now without the mutant too, as something of it was kept. Nothing more can be tried here. */
  | { readonly kind: 'tried'; readonly foundBy: string | null; readonly isSpoilt: boolean }

const NONE = -1
const ROOT = new URL('../../', import.meta.url)
const COLLECTOR = new URL('collected-tests.ts', import.meta.url).href

let removed = NONE
/** By the number of a branch. A property reaches one a million times. */
let reached = new Uint8Array()
Object.assign(globalThis, {
  [IS_REMOVED]: (branch: number): boolean => {
    reached[branch] = 1
    return branch === removed
  },
})

process.on('message', async (order: Order) => {
  process.send!(await answerTo(order))
})

async function answerTo(order: Order): Promise<Answer> {
  if (order.kind === 'load') return load(order)
  if (order.kind === 'measure') return measure(order.test)
  return tryMutant(order)
}

async function load({ branches, tests, removed: fromStart }: Extract<Order, { kind: 'load' }>): Promise<Answer> {
  // The same cases in every run, so that a mutant is found today and tomorrow. That one fails is enough: nobody reads which.
  fc.configureGlobal({ seed: 1, endOnFailure: true })
  reached = new Uint8Array(branches.length)
  switchSources(branches)
  removed = fromStart ?? NONE
  for (const test of tests) await import(new URL(test, ROOT).href)
  return { kind: 'loaded', tests: collected.map(({ name }) => name) }
}

function switchSources(branches: readonly NumberedBranch[]): void {
  const byUrl = Map.groupBy(branches, ({ path }) => new URL(path, ROOT).href)
  registerHooks({
    resolve: (asked, context, next) =>
      asked === 'node:test' ? { url: COLLECTOR, shortCircuit: true } : next(asked, context),
    load(url, context, next) {
      const ofFile = byUrl.get(url)
      if (ofFile === undefined) return next(url, context)
      const text = readFileSync(fileURLToPath(url), 'utf8')
      return { format: 'module-typescript', source: withSwitches(text, ofFile), shortCircuit: true }
    },
  })
}

async function measure(test: number): Promise<Answer> {
  reached.fill(0)
  const fromMs = performance.now()
  const failed = await failureOf(test)
  return {
    kind: 'measured',
    reached: [...reached.keys()].filter((branch) => reached[branch] === 1),
    ms: performance.now() - fromMs,
    failed,
  }
}

async function tryMutant({ branch, tests }: Extract<Order, { kind: 'try' }>): Promise<Answer> {
  removed = branch
  for (const test of tests) {
    if ((await failureOf(test)) === null) continue
    removed = NONE
    return { kind: 'tried', foundBy: collected[test]!.name, isSpoilt: (await failureOf(test)) !== null }
  }
  removed = NONE
  return { kind: 'tried', foundBy: null, isSpoilt: false }
}

async function failureOf(test: number): Promise<string | null> {
  try {
    await collected[test]!.run()
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
