import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { readSettings, type Settings } from '../config/settings/settings.ts'
import { accessNeeds } from '../connections/access/required-access.ts'
import '../crm/profiles.ts'
import { hubSpotProject } from '../crm/hubspot/app-project/project-files.ts'
import { subscriptionsIn } from '../crm/hubspot/webhook/subscriptions.ts'
import { type Given, knownWord, runAsProgram, runCommand, type Streams, sentenceOf } from './terminal/command.ts'
import { policiesOfSettings } from './terminal/policies-here.ts'
import { UsageError } from './terminal/usage.ts'

const HELP = `hubspot-project [--out DIRECTORY] [--kind static|oauth] [--webhook-url URL|none] [--former FILE]

Writes the HubSpot project that makes Lanekeeper's app in your account: its scopes, and webhook subscriptions for exactly
the fields that your workflows look at: those in force here, or those of LANEKEEPER_CONFIG_DIR. The README in it says how to upload it.

  --out DIRECTORY     otherwise lanekeeper-hubspot here; must not exist yet
  --kind KIND         static (an access token, the usual) or oauth
  --webhook-url URL   otherwise LANEKEEPER_HUBSPOT_WEBHOOK_URL, or LANEKEEPER_PUBLIC_URL with the webhook path when that
                      is https; none: no webhooks, the account is polled
  --former FILE       the webhooks-hsmeta.json that was uploaded before: what is no longer wanted stays in it as inactive,
                      because HubSpot refuses an upload in which a subscription is missing

Exit code 0: written. 1: the directory is there already. 2: it failed. 64: the command was not understood.`

const OPTIONS = {
  out: { type: 'string', default: 'lanekeeper-hubspot' },
  kind: { type: 'string', default: 'static' },
  'webhook-url': { type: 'string' },
  former: { type: 'string' },
} as const

/** Answers the exit code. */
export function runHubSpotProject(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  streams: Streams,
): Promise<number> {
  const command = {
    help: HELP,
    options: OPTIONS,
    run: ({ values }: Given<typeof OPTIONS>) => writeProject(values, readSettings(environment), streams),
    failed: (error: unknown) => ({ says: `No project: ${sentenceOf(error)}`, code: 2 }),
  }
  return runCommand(command, args, streams)
}

async function writeProject(
  values: Given<typeof OPTIONS>['values'],
  settings: Settings,
  { stdout, stderr }: Streams,
): Promise<number> {
  const kind = knownWord('kind of app', values.kind, ['static', 'oauth'])
  for (const name of ['out', 'former', 'webhook-url'] as const) {
    if (values[name]?.trim() === '') throw new UsageError(`--${name} needs a value`)
  }
  const address = values['webhook-url']
  if (address !== undefined && address !== 'none' && !/^https?:$/.test(URL.parse(address)?.protocol ?? '')) {
    throw new UsageError(`--webhook-url "${address}" is no address: use one that begins with https://, or none`)
  }
  const isPublic = settings.publicUrl.startsWith('https:')
  const own = settings.hubspot?.webhookUrl ?? (isPublic ? new URL('/webhooks/hubspot', settings.publicUrl).href : null)
  const webhookUrl = address === 'none' ? null : (address ?? own)
  const directory = resolve(values.out)
  if (existsSync(directory)) {
    stderr.write(`${directory} exists already: name another with --out, or move it away\n`)
    return 1
  }
  const needs = accessNeeds(await policiesOfSettings(settings), 'hubspot')
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
  stdout.write(`Written to ${directory}. Its README.md says how to upload it.\n`)
  if (webhookUrl === null) {
    stdout.write('Without webhooks, because no public https address is set: the account will be polled.\n')
  }
  return 0
}

if (import.meta.main) await runAsProgram(runHubSpotProject)
