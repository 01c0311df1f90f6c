import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Place, Plan } from './plan.ts'

export type RealVictim = {
  /** It has not reached the end of its order. */
  isAtWork(): boolean
  signal(name: NodeJS.Signals): void
  /** It goes on from where it stands; resolves when it has done what it was ordered. */
  goOn(): Promise<void>
  /** It has done what it was ordered, or its process has ended. */
  readonly over: Promise<void>
}

export type VictimOrder = {
  readonly url: string
  readonly address: Place['of']['address']
  readonly object: string
  readonly ownerField: string
  readonly kind: Plan['kind']
  readonly point: Plan['point']
  readonly instance: string
}

type Child = {
  readonly process: ChildProcessByStdio<Writable, Readable, null>
  readonly ended: Promise<unknown>
  isAlive: boolean
  /** Called with each word that it says. */
  hears: (word: string) => void
}

const SPARES = 2

/** Processes that lived through their last order and wait for the next. */
const idle: Child[] = []

/** Gives a worker in a process of its own its order; resolves when it stands at its point. */
export async function startVictim(
  { of, url }: Place,
  { kind, point, end }: Plan,
  instance: string,
): Promise<RealVictim> {
  const { address, object, ownerField } = of
  const order: VictimOrder = { url, address, object, ownerField, kind, point, instance }
  const child = idle.shift() ?? startChild()
  // One that is killed is missing to the next run, which then waits less.
  if (end === 'kill' && idle.length < SPARES) idle.push(startChild())
  const said = (word: string) =>
    new Promise<void>((resolve) => {
      const before = child.hears
      child.hears = (heard) => {
        before(heard)
        if (heard === word) resolve()
      }
    })
  child.hears = () => undefined
  const here = said('here')
  let isAtWork = true
  const ends = Promise.race([said('over'), child.ended]).then(() => {
    isAtWork = false
  })
  child.process.stdin.write(`${JSON.stringify(order)}\n`)
  await Promise.race([here, ends])
  return {
    isAtWork: () => isAtWork,
    signal: (name) => void child.process.kill(name),
    async goOn() {
      child.process.stdin.write('go\n')
      await ends
      if (child.isAlive) idle.push(child)
    },
    over: ends,
  }
}

/** Ends those that wait. */
export async function endVictims(): Promise<void> {
  for (const child of idle.splice(0)) {
    child.process.stdin.end()
    await child.ended
  }
}

function startChild(): Child {
  const started = spawn(process.execPath, [fileURLToPath(new URL('victim.ts', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Most of a start is reading the sources.
    env: { ...process.env, NODE_COMPILE_CACHE: fileURLToPath(new URL('../../.data/compile-cache', import.meta.url)) },
  })
  started.stdin.on('error', () => undefined)
  const child: Child = { process: started, ended: once(started, 'exit'), isAlive: true, hears: () => undefined }
  started.once('exit', () => {
    child.isAlive = false
  })
  createInterface({ input: started.stdout }).on('line', (word) => child.hears(word))
  return child
}
