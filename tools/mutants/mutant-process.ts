import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { NumberedBranch } from './switched-source.ts'
import type { Answer, Order } from './worker.ts'

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url))

/** What every process loads. */
export type Loaded = { readonly branches: readonly NumberedBranch[]; readonly tests: readonly string[] }

type AnswerTo<Kind extends Order['kind']> = Extract<
  Answer,
  { kind: Kind extends 'load' ? 'loaded' : Kind extends 'measure' ? 'measured' : 'tried' }
>

/** A process that has the model and its tests loaded, with a switch at each unknown branch. */
export class MutantProcess {
  readonly #child: ChildProcess
  /** The names of all tests; they are asked for by number. */
  tests: readonly string[] = []

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** `removed`: a branch that is removed before anything is loaded. Null: with it nothing can be loaded. */
  static async start({ branches, tests }: Loaded, removed: number): Promise<MutantProcess | null>
  static async start({ branches, tests }: Loaded): Promise<MutantProcess>
  static async start({ branches, tests }: Loaded, removed: number | null = null): Promise<MutantProcess | null> {
    const started = new MutantProcess(fork(WORKER, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }))
    const answer = await started.ask({ kind: 'load', branches, tests, removed })
    if (answer === null && removed === null) throw new Error('The model and its tests cannot be loaded')
    if (answer === null) return null
    started.tests = answer.tests
    return started
  }

  /** Null: it did not answer in time, or ended. */
  async ask<Kind extends Order['kind']>(
    order: Extract<Order, { kind: Kind }>,
    withinMs?: number,
  ): Promise<AnswerTo<Kind> | null> {
    const child = this.#child
    if (!child.connected) return null
    const { promise, resolve } = Promise.withResolvers<AnswerTo<Kind> | null>()
    const none = () => resolve(null)
    const timer = withinMs === undefined ? undefined : setTimeout(none, withinMs)
    child.once('message', (answer) => resolve(answer as AnswerTo<Kind>)).once('exit', none)
    child.send(order)
    const answer = await promise
    clearTimeout(timer)
    child.removeAllListeners('message').removeListener('exit', none)
    return answer
  }

  end(): void {
    this.#child.kill('SIGKILL')
  }
}
