import { readdirSync, readFileSync } from 'node:fs'

/** What a process has used so far. Linux only, where benchmarks run. Null: the process has ended. */
export type ProcessUse = { readonly rssMb: number; readonly cpuS: number }

/** The kernel counts processor time in hundredths of a second on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

/** Highest resident memory so far, and processor time with that of children that have ended. */
export function processUse(pid: number): ProcessUse | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const rssMb = Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024)
    return { rssMb, cpuS: cpuOf(pid) }
  } catch {
    return null
  }
}

/** Processor time of a process and all its children, ended ones included: a Postgres with its servers. */
export function cpuOfTree(pid: number): number {
  let total = cpuOf(pid)
  for (const child of childrenOf(pid)) total += cpuOf(child)
  return total
}

function cpuOf(pid: number): number {
  try {
    // After the name, which may hold anything: field 3 is the state, 14 to 17 own and children's user and system time.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND
  } catch {
    return 0
  }
}

export function childrenOf(pid: number): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const parent = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[1]
      return Number(parent) === pid ? [Number(name)] : []
    } catch {
      return []
    }
  })
}
