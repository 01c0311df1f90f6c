import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { generateWorld } from '../world/generate.ts'
import { startHubSpotSandbox } from './app.ts'
import { AT_ONCE } from './portal/settings.ts'

/** The HubSpot sandbox as a program: prints one JSON line when it listens, then runs until it is stopped. */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    now: { type: 'string' },
    scale: { type: 'string', default: '1' },
    records: { type: 'string', default: '0' },
    'clock-ahead': { type: 'string', default: '0' },
    'webhook-url': { type: 'string' },
    'webhooks-file': { type: 'string' },
    'at-once': { type: 'boolean', default: false },
    token: { type: 'string' },
    'user-token': { type: 'string' },
    'client-id': { type: 'string' },
    'client-secret': { type: 'string' },
    'control-secret': { type: 'string' },
    // Ignored: both programs take the same options, and `--living` writes through the API.
    living: { type: 'boolean' },
  },
})

function fail(problem: string): never {
  process.stderr.write(`hubspot sandbox: ${problem}\n`)
  process.exit(2)
}

function whole(name: 'port' | 'seed' | 'records'): number {
  const number = Number(values[name])
  return Number.isInteger(number) && number >= 0 ? number : fail(`--${name} has to be a whole number`)
}

const nowMs = values.now === undefined ? Date.now() : Date.parse(values.now)
if (!Number.isFinite(nowMs)) fail('--now has to be an ISO instant')
const aheadMs = Number(values['clock-ahead']) * 1_000
if (!Number.isFinite(aheadMs)) fail('--clock-ahead has to be a number of seconds')
const scale = Number(values.scale)
if (!(scale > 0)) fail('--scale has to be a number above 0')

function webhooksFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    return fail(`--webhooks-file ${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const sandbox = await startHubSpotSandbox({
  // The data was dated by the same wrong clock.
  world: { ...generateWorld({ seed: whole('seed'), nowMs: nowMs + aheadMs, scale, records: whole('records') }), nowMs },
  port: whole('port'),
  credentials: {
    ...(values.token === undefined ? {} : { token: values.token }),
    ...(values['user-token'] === undefined ? {} : { userToken: values['user-token'] }),
    ...(values['client-id'] === undefined ? {} : { clientId: values['client-id'] }),
    ...(values['client-secret'] === undefined ? {} : { clientSecret: values['client-secret'] }),
    ...(values['control-secret'] === undefined ? {} : { controlSecret: values['control-secret'] }),
  },
  ...(values['webhooks-file'] === undefined ? {} : { webhooksFile: webhooksFile(values['webhooks-file']) }),
  settings: {
    ...(values['at-once'] ? AT_ONCE : {}),
    ...(values['webhook-url'] === undefined ? {} : { webhookUrl: values['webhook-url'] }),
    ...(aheadMs === 0 ? {} : { clockOffsetMs: aheadMs }),
  },
}).catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)))

process.stdout.write(
  `${JSON.stringify({
    baseUrl: sandbox.url,
    pageUrl: `${sandbox.url}/`,
    portalId: sandbox.portalId,
    appId: sandbox.appId,
    ...sandbox.credentials,
  })}\n`,
)

let stopping = false
function stop(): void {
  if (stopping) return
  stopping = true
  void sandbox.close().then(() => process.exit(0))
}
process.once('SIGTERM', stop)
process.once('SIGINT', stop)
// The parent holds our stdin: when it dies, even by kill -9, this program ends too.
process.stdin.once('end', stop)
process.stdin.once('close', stop)
process.stdin.resume()
