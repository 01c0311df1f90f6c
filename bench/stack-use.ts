import { readFile } from 'node:fs/promises'
import { sql } from 'kysely'
import type { Stack } from '../src/cli/stack/stack.ts'
import { childrenOf, cpuOfTree, processUse } from './process-use.ts'

/** Seconds or megabytes by process: the service, the workers, Postgres and the sandbox CRMs. */
export type ByProcess = Readonly<Record<string, number>>

/** The id of Postgres's parent process. */
export async function postmaster({ db }: Stack): Promise<number> {
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)
  const stat = await readFile(`/proc/${rows[0]!.pid}/stat`, 'utf8')
  return Number(stat.split(') ').at(-1)!.split(' ')[1])
}

/** Processor seconds so far. */
export function cpuOf({ children }: Stack, postgres: number): ByProcess {
  const ours = [children.service.pid(), children.workers.pid()]
  const others = childrenOf(process.pid).filter((pid) => !ours.includes(pid) && pid !== postgres)
  return {
    service: ours[0] ? cpuOfTree(ours[0]) : 0,
    workers: ours[1] ? cpuOfTree(ours[1]) : 0,
    Postgres: cpuOfTree(postgres),
    sandboxes: others.reduce((sum, pid) => sum + cpuOfTree(pid), 0),
  }
}

/** Highest memory so far. */
export function rssOf({ children }: Stack): ByProcess {
  const of = (pid: number | null) => (pid === null ? 0 : (processUse(pid)?.rssMb ?? 0))
  return { service: of(children.service.pid()), workers: of(children.workers.pid()) }
}

/** How much each count of `b` grew to reach `a`. */
export function minus(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(Object.entries(a).map(([name, value]) => [name, value - (b[name] ?? 0)]))
}
