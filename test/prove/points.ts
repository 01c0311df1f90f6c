import { setTimeout as wait } from 'node:timers/promises'
import type { CrmClient } from '../../src/crm/crm-client.ts'
import type { WriteGate } from '../../src/crm/write-gate.ts'

/** The write at stake. A link is one where the CRM hangs a task on its record by a call of its own; elsewhere it is the task. */
export type Kind = 'task' | 'link' | 'owner'

/**
 * Where a worker ends: it has claimed; it has read the record again; the gate has let the write through and no byte has
 * left; the CRM has done the write and its answer is under way; the answer is there and not recorded.
 */
export const POINTS = ['claimed', 'read', 'granted', 'left', 'answered'] as const
export type Point = (typeof POINTS)[number]

/** The client, standing still at the point until `standStill` resolves. The point "left" is a fault of the sandbox. */
export function standingAt(
  client: CrmClient,
  { kind, point }: { readonly kind: Kind; readonly point: Point },
  standStill: () => Promise<void>,
): CrmClient {
  const { linkTasks } = client
  const isLink = kind === 'link' && linkTasks !== undefined
  const gateOf = (gate: WriteGate | undefined): WriteGate | undefined =>
    gate && {
      ...gate,
      ask: async (keys) => {
        const grant = await gate.ask(keys)
        if (point === 'granted') await standStill()
        return grant
      },
    }
  const write = async <T>(send: () => Promise<T>): Promise<T> => {
    if (point === 'claimed') await standStill()
    const outcome = await send()
    if (point === 'answered') await standStill()
    return outcome
  }
  const writeTasks: CrmClient['writeTasks'] = (tasks, gate) => write(() => client.writeTasks(tasks, gateOf(gate)))
  if (isLink) return { ...client, linkTasks: (links, gate) => write(() => linkTasks(links, gateOf(gate))) }
  return {
    ...client,
    readRecords: async (query) => {
      if (point === 'claimed') await standStill()
      const found = await client.readRecords(query)
      if (point === 'read') await standStill()
      return found
    },
    writeTasks,
    writeOwners: (writes, gate) => write(() => client.writeOwners(writes, gateOf(gate))),
  }
}

const WAITS_MS = 30_000

/** Waits for something that happens within seconds, unless the machine is very busy. */
export async function until(what: string, isSo: () => Promise<boolean>, withinMs = WAITS_MS): Promise<void> {
  const givesUpAt = performance.now() + withinMs
  while (!(await isSo())) {
    if (performance.now() > givesUpAt) throw new Error(`Not within ${withinMs / 1_000} s: ${what}`)
    await wait(15)
  }
}
