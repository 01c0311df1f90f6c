import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import type { Database } from '../../store/database/database.ts'
import { missingMigrations } from '../../store/database/migrate.ts'

/** One thing that has to hold before traffic makes sense. `problem` says what to do, in one sentence. */
export type ReadinessCheck = {
  readonly name: string
  /** A degraded check is shown and does not make the service unready: Redis, for one, only wakes stages up. */
  readonly required: boolean
  /** Null: fine. Otherwise one sentence saying what is wrong and what would mend it. */
  readonly problem: () => Promise<string | null>
}

/** Twice the 10 s in which a probe would give up elsewhere; a probe must not hang longer than its caller waits. */
const CHECK_TIMEOUT_MS = 3_000
/** The sweeper runs every 5 s, so after 30 s it is stuck or gone. */
const BEAT_MAX_AGE_S = 30

export function installHealth(
  app: FastifyInstance,
  options: { checks: readonly ReadinessCheck[]; started: () => string | null },
): void {
  // Plain strings: these answers have no schema and must work when nothing else does.
  app.get('/livez', { logLevel: 'silent' }, async (_request, reply) =>
    reply.type('application/json').send('{"status":"alive"}'),
  )
  app.get('/startupz', { logLevel: 'silent' }, async (_request, reply) => {
    const waitingFor = options.started()
    const body = waitingFor === null ? { status: 'started' } : { status: 'starting', waitingFor }
    return reply
      .code(waitingFor === null ? 200 : 503)
      .type('application/json')
      .send(JSON.stringify(body))
  })
  app.get('/readyz', { logLevel: 'silent' }, async (_request, reply) => {
    const waitingFor = options.started()
    const results = await Promise.all(options.checks.map(runCheck))
    if (waitingFor !== null) results.unshift({ name: 'start', required: true, problem: `waiting for ${waitingFor}` })
    const ready = results.every((result) => !result.required || result.problem === null)
    const checks = results.map(({ name, required, problem }) => ({
      name,
      status: problem === null ? 'ok' : required ? 'failed' : 'degraded',
      ...(problem === null ? {} : { problem }),
    }))
    return reply
      .code(ready ? 200 : 503)
      .header('cache-control', 'no-store')
      .type('application/json')
      .send(JSON.stringify({ status: ready ? 'ready' : 'not ready', checks }))
  })
}

async function runCheck(check: ReadinessCheck): Promise<{ name: string; required: boolean; problem: string | null }> {
  const { promise: late, resolve } = Promise.withResolvers<string>()
  const timer = setTimeout(() => resolve(`no answer within ${CHECK_TIMEOUT_MS / 1000} s`), CHECK_TIMEOUT_MS)
  try {
    // The sentence of a failed check stays general: /readyz is readable without signing in.
    const problem = await Promise.race([check.problem().catch(() => `the ${check.name} check failed`), late])
    return { name: check.name, required: check.required, problem }
  } finally {
    clearTimeout(timer)
  }
}

/** What every deployment needs, whatever else it runs. */
export function databaseChecks(db: Database): ReadinessCheck[] {
  return [
    {
      name: 'database',
      required: true,
      problem: () =>
        sql`insert into process_beat (role, instance, beat_at) values ('readiness-probe', 'write', now())
            on conflict (role, instance) do update set beat_at = excluded.beat_at`
          .execute(db)
          .then(() => null)
          .catch(() => 'the database cannot be written to; it is down, read-only, full or not migrated'),
    },
    {
      name: 'migrations',
      required: true,
      problem: async () => {
        const missing = await missingMigrations(db)
        return missing.length === 0 ? null : `the schema lacks ${missing.join(', ')}; start the service once to migrate`
      },
    },
  ]
}

/** One check per role that has to be running somewhere, on any machine. */
export function beatChecks(db: Database, roles: readonly string[]): ReadinessCheck[] {
  return roles.map((role) => ({
    name: role,
    required: true,
    problem: async () => {
      // The database's clock on both sides: the machines' own clocks may differ.
      const { rows } = await sql<{ age_s: number | null }>`
        select extract(epoch from now() - max(beat_at))::float8 as age_s from process_beat where role = ${role}`.execute(
        db,
      )
      const ageS = rows[0]?.age_s ?? null
      if (ageS === null) return `no ${role} has ever reported; is one running?`
      return ageS < BEAT_MAX_AGE_S ? null : `the last sign of a ${role} is ${Math.round(ageS)} s old; restart it`
    },
  }))
}

/** One workflow that waits for a person does not stop the others, so it is shown and keeps nobody out. */
export function workflowCheck(db: Database): ReadinessCheck {
  return {
    name: 'workflows',
    required: false,
    problem: async () => {
      const { rows } = await sql<{ n: number }>`
        select count(*) as n from workflow where load_error is not null
          -- a live one with a problem runs: somebody is being checked
          or (jsonb_array_length(problems) > 0 and effective_mode <> 'live')`.execute(db)
      const n = rows[0]?.n ?? 0
      return n === 0 ? null : `${n} ${n === 1 ? 'workflow is' : 'workflows are'} not ready; the console names the job`
    },
  }
}
