import { fstatSync } from 'node:fs'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type ChildProgram, startChildProgram } from './child-program.ts'
import { liveOn } from './tuesday/living.ts'
import type { SandboxAddresses } from './tuesday/sandbox-addresses.ts'

/** `npm run sandbox`: both CRMs as two programs. What is printed is described in docs/sandbox.md. */
const STOP_GRACE_MS = 3_000

const HELP = `Starts a HubSpot and a Salesforce on this machine, with data, and keeps them up until Ctrl-C.

  --json                 print one JSON object with addresses and credentials, nothing else
  --hubspot-port N       default: a free port
  --salesforce-port N    default: a free port
  --pubsub-port N        default: a free port
  --seed N               other data (default 1)
  --now ISO              the moment the data is relative to (default: now)
  --webhook-url URL      where HubSpot sends its webhooks
  --living               a slow, steady stream of ordinary changes
  --small                a tenth of the data
  --records N            N plain records besides, about half in each CRM; a million take a minute and 3 GB
`

function fail(problem: string): never {
  process.stderr.write(`sandbox: ${problem}\n`)
  process.exit(2)
}

function options() {
  try {
    return parseArgs({
      options: {
        json: { type: 'boolean', default: false },
        'hubspot-port': { type: 'string', default: '0' },
        'salesforce-port': { type: 'string', default: '0' },
        'pubsub-port': { type: 'string', default: '0' },
        seed: { type: 'string', default: '1' },
        now: { type: 'string' },
        'webhook-url': { type: 'string' },
        living: { type: 'boolean', default: false },
        small: { type: 'boolean', default: false },
        records: { type: 'string', default: '0' },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`)
  }
}

const values = options()
if (values.help) {
  process.stdout.write(HELP)
  process.exit(0)
}
// One moment for both, else the same person would be a second older in one CRM than in the other.
const nowMs = values.now === undefined ? Date.now() : Date.parse(values.now)
if (!Number.isFinite(nowMs)) fail(`--now has to be an ISO instant such as 2026-11-22T10:00:00Z, not "${values.now}"`)
if (!/^\d{1,15}$/.test(values.seed)) fail(`--seed has to be a whole number, not "${values.seed}"`)
if (!/^\d{1,8}$/.test(values.records)) fail(`--records has to be a whole number, not "${values.records}"`)
for (const name of ['hubspot-port', 'salesforce-port', 'pubsub-port'] as const) await mustBeFree(name, values[name])

const shared = [
  ...['--seed', values.seed],
  ...['--now', new Date(nowMs).toISOString()],
  ...['--scale', values.small ? '0.1' : '1'],
  ...['--records', values.records],
]
const program = (name: string) => fileURLToPath(new URL(`./${name}/main.ts`, import.meta.url))
const webhook = values['webhook-url'] === undefined ? [] : ['--webhook-url', values['webhook-url']]
const programs: ChildProgram[] = [
  startChildProgram('The HubSpot sandbox', program('hubspot'), [
    '--port',
    values['hubspot-port'],
    ...shared,
    ...webhook,
  ]),
  startChildProgram('The Salesforce sandbox', program('salesforce'), [
    '--port',
    values['salesforce-port'],
    '--pubsub-port',
    values['pubsub-port'],
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
    process.stderr.write(`sandbox: ${each.title} has ended; stopping the other one too\n`)
    void stop(1)
  })
}

try {
  const [hubspot, salesforce] = await Promise.all(programs.map((each) => each.announced))
  const addresses = { hubspot, salesforce } as unknown as SandboxAddresses
  process.stdout.write(values.json ? `${JSON.stringify(addresses)}\n` : greeting(addresses))
  parent.mayStop()
  if (values.living) {
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
          ? `port ${port} is taken. Stop what listens there, or choose another with --${option} (0 takes a free one)`
          : `port ${port} cannot be used (${error.code}). Choose another with --${option}`,
      ),
    )
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve()))
  })
}

/**
 * A program that starts us over a pipe holds our standard input, and when it dies we go too. A terminal or /dev/null
 * says nothing, and a pipe that has ended before we are up is nobody's hand, unless its holder died meanwhile.
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
  return `Two CRMs are up, with the data of a company that sells water-quality sensors.

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

${values.living ? 'People are at work in both: a few changes a second.\n' : ''}All credentials as JSON: npm run sandbox -- --json.   Ctrl-C stops both.
`
}
