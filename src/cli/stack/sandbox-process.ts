import { type ChildDeath, type SupervisedChild, superviseChild } from './child-process.ts'

/** What `sandbox/run.ts --json` prints, see docs/sandbox.md. */
export type SandboxInfo = {
  readonly hubspot: {
    readonly baseUrl: string
    readonly pageUrl: string
    readonly portalId: number
    readonly appId: number
    readonly token: string
    readonly clientId: string
    readonly clientSecret: string
    readonly userToken: string
    readonly controlSecret: string
  }
  readonly salesforce: {
    readonly loginUrl: string
    readonly instanceUrl: string
    readonly pubsubAddress: string
    readonly pageUrl: string
    readonly orgId: string
    readonly clientId: string
    readonly clientSecret: string
    readonly userClientId: string
    readonly userClientSecret: string
    readonly pkceClientId: string
    readonly controlSecret: string
  }
}

export type Sandbox = Pick<SupervisedChild, 'stop' | 'kill'> & { readonly info: SandboxInfo }

/** Making the records of both CRMs takes a few seconds. */
const READY_WITHIN_MS = 60_000

/** The two sandbox CRMs. Not started again when they die: their records are gone with them. */
export function runSandbox(options: {
  readonly webhookUrl: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly onLine: (line: string) => void
  readonly onDeath: (death: ChildDeath) => void
  readonly signal: AbortSignal
}): Promise<Sandbox> {
  return new Promise((resolve, reject) => {
    let ready = false
    const fail = (why: string) => {
      clearTimeout(timer)
      child.kill()
      reject(new Error(`The sandbox CRMs did not start: ${why}`))
    }
    const child = superviseChild({
      name: 'sandbox CRMs',
      file: new URL('../../../sandbox/run.ts', import.meta.url),
      args: ['--json', '--webhook-url', options.webhookUrl, ...options.args],
      // They are programs of other companies: nothing of our settings is their business.
      environment: Object.fromEntries(
        Object.entries(options.environment).filter(([name]) => !/^(LANEKEEPER_|DATABASE_URL|REDIS_URL)/.test(name)),
      ),
      onLine(line) {
        options.onLine(line)
        const info = parseInfo(line)
        if (!info) return
        clearTimeout(timer)
        ready = true
        resolve({ info, stop: child.stop, kill: child.kill })
      },
      onDeath(death) {
        fail(
          `${death.how} (${death.lastLines.find((line) => /error/i.test(line)) ?? death.lastLines.at(-1) ?? 'no output'})`,
        )
        if (ready) options.onDeath({ ...death, retryInMs: null })
      },
    })
    const timer = setTimeout(() => fail(`not ready within ${READY_WITHIN_MS / 1000} s`), READY_WITHIN_MS)
    options.signal.addEventListener('abort', () => fail('stopped'), { once: true })
  })
}

function parseInfo(line: string): SandboxInfo | null {
  if (!line.startsWith('{')) return null
  try {
    const parsed = JSON.parse(line) as Partial<SandboxInfo>
    return parsed.hubspot?.token && parsed.salesforce?.clientId ? (parsed as SandboxInfo) : null
  } catch {
    return null
  }
}
