import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { loadPolicies } from '../config/policy-files.ts'
import { readSettings } from '../config/settings.ts'
import { accessNeeds } from '../connections/access/required-access.ts'
import '../crm/profiles.ts'
import { hubSpotProject } from '../crm/hubspot/app-project/project-files.ts'
import { subscriptionsIn } from '../crm/hubspot/webhook/subscriptions.ts'
import { policiesOf } from '../pipeline/decide/publish-policies.ts'

const HELP = `hubspot-project [--out DIRECTORY] [--kind static|oauth] [--webhook-url URL|none] [--former FILE]

Writes the HubSpot project that makes Lanekeeper's app in your account: its scopes, and webhook subscriptions for exactly
the fields that your policies look at. The README in it says how to upload it.

  --out DIRECTORY     otherwise lanekeeper-hubspot here; must not exist yet
  --kind KIND         static (an access token, the usual) or oauth
  --webhook-url URL   otherwise LANEKEEPER_HUBSPOT_WEBHOOK_URL, or LANEKEEPER_PUBLIC_URL with the webhook path when that
                      is https; none: no webhooks, the account is polled
  --former FILE       the webhooks-hsmeta.json that was uploaded before: what is no longer wanted stays in it as inactive,
                      because HubSpot refuses an upload in which a subscription is missing`

/** Answers the exit code. */
async function writeProject(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      out: { type: 'string', default: 'lanekeeper-hubspot' },
      kind: { type: 'string', default: 'static' },
      'webhook-url': { type: 'string' },
      former: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(`${HELP}\n`)
    return 0
  }
  const { kind } = values
  if (kind !== 'static' && kind !== 'oauth') {
    process.stderr.write(`"${kind}" is no kind of app: use static or oauth\n`)
    return 2
  }
  const settings = readSettings(process.env)
  const isPublic = settings.publicUrl.startsWith('https:')
  const own = settings.hubspot?.webhookUrl ?? (isPublic ? new URL('/webhooks/hubspot', settings.publicUrl).href : null)
  const webhookUrl = values['webhook-url'] === 'none' ? null : (values['webhook-url'] ?? own)
  const directory = resolve(values.out)
  if (existsSync(directory)) {
    process.stderr.write(`${directory} exists already: name another with --out, or move it away\n`)
    return 1
  }
  const needs = accessNeeds(policiesOf(loadPolicies(settings.configDir)), 'hubspot')
  const formerly = values.former === undefined ? [] : subscriptionsIn(await readFile(values.former, 'utf8'))
  const redirectUrl = new URL('/oauth/hubspot/callback', settings.publicUrl).href
  for (const { path, content } of hubSpotProject({
    kind,
    name: 'Lanekeeper',
    webhookUrl,
    redirectUrl,
    needs,
    formerly,
  })) {
    await mkdir(dirname(join(directory, path)), { recursive: true })
    await writeFile(join(directory, path), content)
  }
  process.stdout.write(`Written to ${directory}. Its README.md says how to upload it.\n`)
  if (webhookUrl === null) {
    process.stdout.write('Without webhooks, because no public https address is set: the account will be polled.\n')
  }
  return 0
}

try {
  process.exitCode = await writeProject(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`No project: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}
