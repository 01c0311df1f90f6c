import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import type { Act, Actor, Subject } from '../../model/authority/acts.ts'
import { type Asked, noteBegun, requireMay } from '../../people/permitted.ts'
import type { Database } from '../../store/database/database.ts'

/** What a route asks for before it runs. */
export type Asks = {
  /** All that it may ask for, for whoever reads the list of routes. */
  readonly acts: readonly Act[]
  /** What this request asks for. Empty: the handler asks by itself, inside its own transaction. */
  readonly of: (request: FastifyRequest, db: Database) => readonly Asked[] | Promise<readonly Asked[]>
  /** The act leaves an entry of its own in the ledger, so that none says only that it began. */
  readonly hasOwnEntry: boolean
}

declare module 'fastify' {
  interface FastifyContextConfig {
    asks?: Asks
  }
}

/** One act, about what `subject` finds in the request. */
export function asks(act: Act, subject: (request: FastifyRequest) => Subject = () => ({}), hasOwnEntry = false): Asks {
  return { acts: [act], of: (request) => [{ act, subject: subject(request) }], hasOwnEntry }
}

/** The handler calls `requireMay` itself: what the act is about stands in rows that it locks. */
export function asksByItself(...acts: readonly [Act, ...Act[]]): Asks {
  return { acts, of: () => [], hasOwnEntry: true }
}

/** About the connection in the address. */
export function ofConnection(request: FastifyRequest): Subject {
  return { about: (request.params as { readonly id: string }).id }
}

const READ: Asks = asks('read')

/** Behind these guards every request is somebody's, and every act is asked. */
export function installAsking(
  app: FastifyInstance,
  db: Database,
  requireActor: (request: FastifyRequest) => Promise<Actor>,
): void {
  const actors = new WeakMap<FastifyRequest, Actor>()
  app.addHook('onRoute', refuseSilentRoute)
  app.addHook('onRequest', async (request) => {
    actors.set(request, await requireActor(request))
  })
  // After the validation, so that what the act is about is known, and before anything else.
  app.addHook('preHandler', async (request) => {
    const actor = actors.get(request)
    if (actor === undefined) return
    const { of, hasOwnEntry } = request.routeOptions.config.asks ?? READ
    for (const { act, subject } of await of(request, db)) {
      await requireMay(db, actor, act, subject)
      if (act !== 'read' && !hasOwnEntry) await noteBegun(db, actor, act, subject)
    }
  })
}

const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

function refuseSilentRoute({ method, url, config }: RouteOptions): void {
  const methods = Array.isArray(method) ? method : [method]
  if (methods.every((one) => READING.has(one)) || config?.asks !== undefined) return
  throw new Error(`${methods.join(', ')} ${url} changes something and asks nobody: give it config.asks (asks.ts)`)
}
