import {
  createPostgresBackend,
  type JobProgress,
  type PostgresConnectionOptions,
  type PostgresQueueBackend,
  Queue,
  runMigrations,
  Worker,
  type WorkerOptions,
} from 'bullmq'
import { Cluster, Redis } from 'ioredis'
import pg from 'pg'
import type { Stage, Wake } from './stages.ts'

export type WakeQueue = {
  add(name: string, wake: Wake, options: { deduplication: { id: string; ttl: number } }): Promise<unknown>
  getWaitingCount(): Promise<number>
  on(event: 'error', listener: (error: Error) => void): unknown
  close(): Promise<void>
}
export type WakeJob = { readonly data: Wake; removeDeduplicationKey(): Promise<boolean> }
export type WakeWorker = {
  on(event: 'error', listener: (error: Error) => void): unknown
  close(force?: boolean): Promise<void>
}
export type WakeProcessor = (job: WakeJob) => Promise<void>

/**
 * The two stores that BullMQ can keep its jobs in. Nothing is built on one that does not answer: a Queue or Worker made
 * while Postgres refuses or is still starting never recovers, and the Worker may spin (BullMQ 6.7.0).
 */
export type QueueBackend = {
  readonly name: 'postgres' | 'redis'
  /** One attempt. Resolves when the store answers and is ready to be built upon. */
  prepare(): Promise<void>
  queue(stage: Stage): WakeQueue
  worker(stage: Stage, process: WakeProcessor, concurrency: number): WakeWorker
  close(): Promise<void>
}

/** Finished jobs are of no use, our own tables keep the history; keeping some costs a sort per finished job. */
const JOB_OPTIONS = { removeOnComplete: true, removeOnFail: true } as const

const WORKER_OPTIONS = {
  // Checking more often makes concurrent workers deadlock in Postgres; recovery does not depend on it but on the
  // sweeper and on leases in our own tables.
  stalledInterval: 30_000,
  // By default a job that meets two bad deployments has failed for good.
  maxStalledCount: 5,
} satisfies Partial<WorkerOptions>

const SCHEMA = 'bullmq'

/** The library's classes with the type arguments that it cannot infer for this backend. */
const PostgresQueue = Queue<Wake, void, string, Wake, void, string, PostgresQueueBackend, PostgresConnectionOptions>
const PostgresWorker = Worker<Wake, void, string, PostgresQueueBackend, JobProgress, PostgresConnectionOptions>

export function postgresBackend(databaseUrl: string, onError: (error: Error) => void): QueueBackend {
  // BullMQ keeps a connection per worker for LISTEN; the rest serves adding and finishing jobs.
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: 16,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    application_name: 'lanekeeper-queue',
    options: `-c search_path=${SCHEMA}`,
  })
  // Every Queue and Worker listens on it.
  pool.setMaxListeners(0)
  pool.on('error', onError)
  // The pool listens only while a client is idle; BullMQ does not listen on the one it holds.
  pool.on('connect', (client) => client.on('error', onError))
  return {
    name: 'postgres',
    async prepare() {
      const client = await pool.connect()
      try {
        await client.query('select 1')
        await runMigrations(client, SCHEMA)
      } finally {
        client.release()
      }
    },
    queue: (stage) =>
      new PostgresQueue(stage, { connection: pool, defaultJobOptions: JOB_OPTIONS }, createPostgresBackend),
    worker: (stage, process, concurrency) =>
      new PostgresWorker(stage, process, { connection: pool, concurrency, ...WORKER_OPTIONS }, createPostgresBackend),
    close: () => pool.end(),
  }
}

/** The braces keep all keys of a queue on one node of a cluster. */
const PREFIX = '{lanekeeper}'

/**
 * Every connection that is made of this one too: BullMQ makes one per worker, and one that it makes while the worker
 * closes it forgets, so that it dials for ever and its process never ends.
 */
function withCopies<Client extends Redis | Cluster>(client: Client, opened: Set<Redis | Cluster>): Client {
  opened.add(client)
  client.once('end', () => opened.delete(client))
  const duplicate = client.duplicate.bind(client) as (...args: never[]) => Client
  client.duplicate = ((...args: never[]) => withCopies(duplicate(...args), opened)) as Client['duplicate']
  return client
}

/** `redisUrl` is one address, or several separated by commas for a cluster. */
export function redisBackend(redisUrl: string, onError: (error: Error) => void): QueueBackend {
  const opened = new Set<Redis | Cluster>()
  const connect = (options: { maxRetriesPerRequest: number | null }) => {
    const nodes = redisUrl.split(',').map((url) => url.trim())
    const client =
      nodes.length > 1
        ? new Cluster(nodes, { lazyConnect: true, redisOptions: { ...options, ...credentialsOf(nodes[0] ?? '') } })
        : new Redis(redisUrl, { lazyConnect: true, ...options })
    client.on('error', onError)
    return withCopies(client, opened)
  }
  // Adding gives up soon, because a wake may be lost; workers wait as long as it takes, as BullMQ demands.
  const adding = connect({ maxRetriesPerRequest: 1 })
  const working = connect({ maxRetriesPerRequest: null })
  return {
    name: 'redis',
    async prepare() {
      await adding.ping()
      await working.ping()
    },
    queue: (stage) => new Queue<Wake>(stage, { connection: adding, prefix: PREFIX, defaultJobOptions: JOB_OPTIONS }),
    worker: (stage, process, concurrency) =>
      new Worker<Wake>(stage, process, { connection: working, prefix: PREFIX, concurrency, ...WORKER_OPTIONS }),
    async close() {
      for (const client of opened) client.disconnect()
    },
  }
}

function credentialsOf(url: string): { username?: string; password?: string; tls?: Record<string, never> } {
  const { username, password, protocol } = new URL(url)
  return {
    ...(username ? { username: decodeURIComponent(username) } : {}),
    ...(password ? { password: decodeURIComponent(password) } : {}),
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
  }
}
