import { STAGES, type Stage } from '../../src/queue/stages.ts'

/** What a worker process does: the stages of the pipeline, and the subscription to a CRM's stream. */
export type Role = Stage | 'stream'

const ROLES: readonly Role[] = [...STAGES, 'stream']

/** `--roles apply,decide` runs only those stages in this process; without it, all. Exits where a role is unknown. */
export function rolesOf(args: readonly string[]): ReadonlySet<Role> {
  const at = args.indexOf('--roles')
  if (at === -1) return new Set(ROLES)
  const names = (args[at + 1] ?? '').split(',').map((name) => name.trim())
  const roles = new Set<Role>()
  for (const name of names) {
    const role = ROLES.find((known) => known === name)
    if (!role) {
      process.stderr.write(`Unknown role "${name}". Known: ${ROLES.join(', ')}\n`)
      process.exit(2)
    }
    roles.add(role)
  }
  return roles
}
