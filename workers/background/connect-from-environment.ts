import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { ConnectDeps } from '../../src/connections/context.ts'
import { connectFromEnvironment } from '../../src/connections/draft/from-environment.ts'
import type { EnvironmentGrant } from '../../src/crm/crm-adapter.ts'
import { CrmReconnectError } from '../../src/crm/crm-client.ts'

const RETRY_MS = { first: 1_000, largest: 30_000 }

/** Connects until it works. A refused grant is said once per change of the answer and tried again now and then. */
export async function connectUntilItWorks(
  deps: ConnectDeps,
  wanted: EnvironmentGrant,
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<void> {
  let said = ''
  for (let pauseMs = RETRY_MS.first; ; pauseMs = Math.min(pauseMs * 2, RETRY_MS.largest)) {
    signal.throwIfAborted()
    try {
      if ((await connectFromEnvironment(deps, wanted)) === null) {
        logger.info({ crm: wanted.crm }, 'not connected from the environment: a person ended this connection')
      }
      return
    } catch (error) {
      const remedy = error instanceof CrmReconnectError ? error.remedy : undefined
      const why = remedy ?? (error instanceof Error ? error.message : String(error))
      if (why !== said) logger.warn({ crm: wanted.crm, err: error, remedy }, 'cannot connect yet, trying again')
      said = why
      await wait(pauseMs, undefined, { signal })
    }
  }
}
