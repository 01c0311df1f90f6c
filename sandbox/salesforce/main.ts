import { parseArgs } from 'node:util'
import { generateWorld } from '../world/generate.ts'
import { startSalesforceSandbox } from './app.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    'pubsub-port': { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    now: { type: 'string' },
    scale: { type: 'string', default: '1' },
    records: { type: 'string', default: '0' },
    'clock-ahead': { type: 'string', default: '0' },
    'client-id': { type: 'string' },
    'client-secret': { type: 'string' },
    'user-client-id': { type: 'string' },
    'user-client-secret': { type: 'string' },
    'pkce-client-id': { type: 'string' },
    'control-secret': { type: 'string' },
  },
})

function numberOf(name: 'port' | 'pubsub-port' | 'seed' | 'scale' | 'records'): number {
  const value = Number(values[name])
  if (Number.isFinite(value) && value >= 0) return value
  process.stderr.write(`--${name} must be a number, not "${values[name]}"\n`)
  process.exit(2)
}

const nowMs = values.now === undefined ? Date.now() : Date.parse(values.now)
if (Number.isNaN(nowMs)) {
  process.stderr.write(`--now must be an ISO time, not "${values.now}"\n`)
  process.exit(2)
}

const aheadMs = Number(values['clock-ahead']) * 1_000
if (!Number.isFinite(aheadMs)) {
  process.stderr.write('--clock-ahead must be a number of seconds\n')
  process.exit(2)
}

const sandbox = await startSalesforceSandbox({
  // The org's clock begins at the world's "now".
  world: generateWorld({
    seed: numberOf('seed'),
    nowMs: nowMs + aheadMs,
    scale: numberOf('scale'),
    records: numberOf('records'),
  }),
  port: numberOf('port'),
  settings: { personAccounts: true },
  pubsubPort: numberOf('pubsub-port'),
  credentials: {
    ...(values['client-id'] ? { clientId: values['client-id'] } : {}),
    ...(values['client-secret'] ? { clientSecret: values['client-secret'] } : {}),
    ...(values['user-client-id'] ? { userClientId: values['user-client-id'] } : {}),
    ...(values['user-client-secret'] ? { userClientSecret: values['user-client-secret'] } : {}),
    ...(values['pkce-client-id'] ? { pkceClientId: values['pkce-client-id'] } : {}),
    ...(values['control-secret'] ? { controlSecret: values['control-secret'] } : {}),
  },
}).catch((error: unknown) => {
  process.stderr.write(
    `The Salesforce sandbox cannot start: ${error instanceof Error ? error.message : String(error)}\n`,
  )
  process.exit(1)
})

const { orgId, clientId, clientSecret, userClientId, userClientSecret, pkceClientId, controlSecret } =
  sandbox.credentials
process.stdout.write(
  `${JSON.stringify({
    loginUrl: sandbox.url,
    instanceUrl: sandbox.url,
    pubsubAddress: sandbox.pubsubAddress,
    pageUrl: `${sandbox.url}/`,
    orgId,
    clientId,
    clientSecret,
    userClientId,
    userClientSecret,
    pkceClientId,
    controlSecret,
  })}\n`,
)

let closing = false
function stop(): void {
  if (closing) return
  closing = true
  void sandbox.close().finally(() => process.exit(0))
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
// When the parent dies, our stdin closes and the sandbox ends too.
process.stdin.on('end', stop).on('error', stop).resume()
