import type { Stage } from '../../src/queue/stages.ts'
import type { Queues } from '../../src/queue/wake.ts'

/**
 * Wakes a stage after a while, once per connection however often it is asked. If the process dies before, the sweeper does.
 */
export function laterWakes(queues: Pick<Queues, 'wake'>, stage: Stage): (connectionId: string, ms: number) => void {
  const timers = new Map<string, NodeJS.Timeout>()
  return (connectionId, ms) => {
    if (timers.has(connectionId)) return
    const timer = setTimeout(() => {
      timers.delete(connectionId)
      queues.wake(stage, connectionId)
    }, ms)
    timers.set(connectionId, timer.unref())
  }
}

/**
 * Another process is at the rows or holds the lock, and may not have seen what this wake was about: the stage looks again
 * this much later. Most transactions are over by then, and a job costs about a millisecond.
 */
export const HELD_UP_MS = 100
