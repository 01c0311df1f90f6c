import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { STAGES } from '../../queue/stages.ts'
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
  const look = oneLookAtATime(() => Promise.all(options.checks.map(runCheck)))
  app.get('/readyz', { logLevel: 'silent' }, async (_request, reply) => {
    const waitingFor = options.started()
    const results = [...(await look())]
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

/** However many ask at once, the checks run once: the address is open to everybody. */
function oneLookAtATime<T>(look: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | null = null
  return () => {
    running ??= look().finally(() => {
      running = null
    })
    return running
  }
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
      // Asked and not tried: everybody may call this, and a row for each call would be a way to fill the disk. A disk that
      // is full shows in the heartbeats, which can no longer be written.
      problem: () =>
        sql<{ readOnly: boolean }>`
          select pg_is_in_recovery() or current_setting('transaction_read_only')::boolean as "readOnly"
          from process_beat right join (select 1) one on false`
          .execute(db)
          .then(({ rows }) => (rows[0]?.readOnly === false ? null : 'the database is read-only, as after a failover'))
          .catch(() => 'the database does not answer, or is not migrated'),
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

/**
 * Every stage has to run somewhere: one worker that only polls makes nobody's service ready. A subscriber is needed where a
 * connection has a stream.
 */
export function roleCheck(db: Database): ReadinessCheck {
  return {
    name: 'roles',
    required: true,
    problem: async () => {
      // A worker of an earlier version names no roles and does everything.
      const { rows } = await sql<{ role: string }>`
        select needed.role from (
          select unnest(${STAGES}::text[]) as role
          union all
          select 'stream' where exists (select 1 from connection where feed = 'stream' and status = 'connected')
        ) needed
        where not exists (
          select 1 from process_beat b
          where b.role = 'worker' and b.beat_at > now() - make_interval(secs => ${BEAT_MAX_AGE_S})
            and (not (b.detail ? 'roles') or b.detail->'roles' ? needed.role))`.execute(db)
      if (rows.length === 0) return null
      const missing = rows.map(({ role }) => role).join(', ')
      return `no running worker does ${missing}; start one without --roles, or with --roles ${missing.replaceAll(' ', '')}`
    },
  }
}

/** One workflow that waits for a person does not stop the others, so it is shown and keeps nobody out. */
export function workflowCheck(db: Database): ReadinessCheck {
  return {
    name: 'workflows',
    required: false,
    problem: async () => {
      const { rows } = await sql<{ n: number }>`
        select count(*) as n from workflow where load_error is not null
          -- one whose people are only being checked runs
          or exists (select 1 from jsonb_array_elements(problems) p where p->>'kind' is distinct from 'in-doubt')`.execute(
        db,
      )
      const n = rows[0]?.n ?? 0
      return n === 0 ? null : `${n} ${n === 1 ? 'workflow is' : 'workflows are'} not ready; the console names the job`
    },
  }
}
