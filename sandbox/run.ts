import { fstatSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type ChildProgram, startChildProgram } from './child-program.ts'
import { nearestOption } from './nearest-option.ts'
import type { SandboxAddresses } from './tuesday/sandbox-addresses.ts'

/** `npm run sandbox`: both CRMs as two programs. docs/sandbox.md describes the output. */
const STOP_GRACE_MS = 3_000
const LIVING_AFTER_MS = 4_000

const HELP = `Starts a HubSpot and a Salesforce sandbox with data on this machine, until Ctrl-C.

  --json                 prints addresses and credentials as one JSON object, nothing else
  --hubspot-port N       default: a free port
  --salesforce-port N    default: a free port
  --pubsub-port N        default: a free port
  --seed N               generates other data (default 1)
  --now ISO              "now" of the generated data (default: the current time)
  --webhook-url URL      where HubSpot sends its webhooks
  --webhooks-file FILE   the webhooks-hsmeta.json of the app's project: what HubSpot sends; without one, nothing
  --living               a slow, steady stream of ordinary changes
  --small                a tenth of the data
  --at-once              HubSpot without delay and disorder, and with unique task keys, for tests that need none
  --hubspot-clock N      seconds by which the portal's clock, and its data, are ahead; =-N behind
  --salesforce-clock N   the same for the org
  --records N            adds N plain records, about half in each CRM; a million take a minute and 3 GB
`

/** 2: it cannot start. 64: the command was not understood. */
function fail(problem: string, code: 2 | 64 = 64): never {
  process.stderr.write(`sandbox: ${problem}\n`)
  process.exit(code)
}

const OPTIONS = {
  json: { type: 'boolean', default: false },
  'hubspot-port': { type: 'string', default: '0' },
  'salesforce-port': { type: 'string', default: '0' },
  'pubsub-port': { type: 'string', default: '0' },
  seed: { type: 'string', default: '1' },
  now: { type: 'string' },
  'webhook-url': { type: 'string' },
  'webhooks-file': { type: 'string' },
  living: { type: 'boolean', default: false },
  small: { type: 'boolean', default: false },
  'at-once': { type: 'boolean', default: false },
  records: { type: 'string', default: '0' },
  'hubspot-clock': { type: 'string', default: '0' },
  'salesforce-clock': { type: 'string', default: '0' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

function options() {
  try {
    return parseArgs({ options: OPTIONS }).values
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const [, unknown] = /^Unknown option '-{1,2}([^']*)'/.exec(message) ?? []
    const says =
      unknown === undefined
        ? message
        : `there is no option --${unknown}; did you mean --${nearestOption(unknown, Object.keys(OPTIONS))}?`
    return fail(`${says}\n\n${HELP}`)
  }
}

const values = options()
if (values.help) {
  process.stdout.write(HELP)
  process.exit(0)
}
// The same moment for both; otherwise a person would be a second older in one CRM.
const nowMs = values.now === undefined ? Date.now() : Date.parse(values.now)
if (!Number.isFinite(nowMs)) fail(`--now has to be an ISO instant such as 2026-11-22T10:00:00Z, not "${values.now}"`)
if (!/^\d{1,15}$/.test(values.seed)) fail(`--seed has to be a whole number, not "${values.seed}"`)
if (!/^\d{1,8}$/.test(values.records)) fail(`--records has to be a whole number, not "${values.records}"`)
for (const name of ['hubspot-clock', 'salesforce-clock'] as const) {
  if (!/^-?\d{1,6}$/.test(values[name])) fail(`--${name} has to be a whole number of seconds, not "${values[name]}"`)
}
for (const name of ['hubspot-port', 'salesforce-port', 'pubsub-port'] as const) await mustBeFree(name, values[name])

const shared = [
  ...['--seed', values.seed],
  ...['--now', new Date(nowMs).toISOString()],
  ...['--scale', values.small ? '0.1' : '1'],
  ...['--records', values.records],
]
const program = (name: string) => fileURLToPath(new URL(`./${name}/main.ts`, import.meta.url))
const webhook = (['webhook-url', 'webhooks-file'] as const).flatMap((name) =>
  values[name] === undefined ? [] : [`--${name}`, values[name]],
)
const programs: ChildProgram[] = [
  startChildProgram('The HubSpot sandbox', program('hubspot'), [
    '--port',
    values['hubspot-port'],
    `--clock-ahead=${values['hubspot-clock']}`,
    ...shared,
    ...webhook,
    ...(values['at-once'] ? ['--at-once'] : []),
  ]),
  startChildProgram('The Salesforce sandbox', program('salesforce'), [
    '--port',
    values['salesforce-port'],
    '--pubsub-port',
    values['pubsub-port'],
    `--clock-ahead=${values['salesforce-clock']}`,
    ...shared,
  ]),
]
const living = new AbortController()
const parent = watchParent()
let stopping = false

async function stop(exitCode: number): Promise<void> {
  if (stopping) return
  stopping = true
  living.abort()
  await Promise.all(programs.map((each) => each.stop(STOP_GRACE_MS)))
  process.exit(exitCode)
}
process.on('SIGINT', () => void stop(0))
process.on('SIGTERM', () => void stop(0))
process.on('SIGHUP', () => void stop(0))
for (const each of programs) {
  void each.ended.then(() => {
    if (stopping) return
    process.stderr.write(`sandbox: ${each.title} ended; stopping the other sandbox too\n`)
    void stop(1)
  })
}

try {
  const [hubspot, salesforce] = await Promise.all(programs.map((each) => each.announced))
  const addresses = { hubspot, salesforce } as unknown as SandboxAddresses
  process.stdout.write(values.json ? `${JSON.stringify(addresses)}\n` : greeting(addresses))
  parent.mayStop()
  if (values.living) {
    // It makes the world a third time, to know it; the programs that were waiting for these addresses come first.
    await pause(LIVING_AFTER_MS, undefined, { signal: living.signal }).catch(() => undefined)
    const { liveOn } = await import('./tuesday/living.ts')
    await liveOn(addresses, living.signal).catch((error: unknown) => {
      if (!stopping) process.stderr.write(`sandbox: the living stream stopped: ${String(error)}\n`)
    })
  }
} catch (error) {
  process.stderr.write(`sandbox: ${error instanceof Error ? error.message : String(error)}\n`)
  await stop(1)
}

async function mustBeFree(option: string, text: string): Promise<void> {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535)
    fail(`--${option} has to be a port number between 0 and 65535, not "${text}"`)
  if (port === 0) return
  await new Promise<void>((resolve) => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) =>
      fail(
        error.code === 'EADDRINUSE'
          ? `port ${port} is in use. Stop the program that listens there, or choose another port with --${option} (0: any free port)`
          : `port ${port} cannot be used (${error.code}). Choose another port with --${option}`,
        2,
      ),
    )
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve()))
  })
}

/**
 * Stops the sandbox when its parent program dies. The parent holds our standard input as a pipe; a terminal or
 * /dev/null never ends. A pipe that ended before we were up counts only if the parent has died meanwhile.
 */
function watchParent(): { mayStop(): void } {
  const parentAtStart = process.ppid
  let up = false
  let ended = false
  const stdin = fstatSync(0)
  if (stdin.isFIFO() || stdin.isSocket()) {
    process.stdin.on('error', () => {})
    process.stdin.once('end', () => {
      ended = true
      if (up) void stop(0)
    })
    process.stdin.resume()
  }
  return {
    mayStop() {
      up = true
      if (ended && process.ppid !== parentAtStart) void stop(0)
    },
  }
}

function greeting({ hubspot, salesforce }: SandboxAddresses): string {
  return `Two sandbox CRMs are running, with the data of a company that sells water-quality sensors.

  HubSpot      ${hubspot.pageUrl}
    API        ${hubspot.baseUrl}   portal ${hubspot.portalId}, app ${hubspot.appId}
    token      ${hubspot.token}
    client     ${hubspot.clientId}
    secret     ${hubspot.clientSecret}

  Salesforce   ${salesforce.pageUrl}
    login      ${salesforce.loginUrl}   org ${salesforce.orgId}
    Pub/Sub    ${salesforce.pubsubAddress}
    client     ${salesforce.clientId}
    secret     ${salesforce.clientSecret}
    PKCE       ${salesforce.pkceClientId} (a public client: no secret)

${values.living ? 'People make a few changes a second in both.\n' : ''}All credentials as JSON: npm run sandbox -- --json.   Ctrl-C stops both.
`
}
