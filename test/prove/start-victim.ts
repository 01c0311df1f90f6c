import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Place, Plan } from './one-run.ts'

export type RealVictim = { signal(name: NodeJS.Signals): void; readonly ended: Promise<unknown> }

export type VictimOrder = {
  readonly url: string
  readonly address: Place['of']['address']
  readonly object: string
  readonly ownerField: string
  readonly point: Plan['point']
  readonly instance: string
}

/** Starts a worker in a process of its own; resolves when it stands at its point. */
export async function startVictim({ of, url }: Place, { point }: Plan, instance: string): Promise<RealVictim> {
  const { address, object, ownerField } = of
  const order: VictimOrder = { url, address, object, ownerField, point, instance }
  const child = spawn(process.execPath, [fileURLToPath(new URL('victim.ts', import.meta.url)), JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  await Promise.race([once(child.stdout, 'data'), ended])
  return { signal: (name) => void child.kill(name), ended }
}
