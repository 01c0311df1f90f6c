import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createSignInLink } from '../api/sessions/session.ts'
import { readSettings, type Settings } from '../config/settings.ts'
import { checkDraft } from '../connections/draft/check.ts'
import { createDraft, createDraftTaskKey, discardDraft } from '../connections/draft/draft.ts'
import { startDraft } from '../connections/draft/start.ts'
import type { CrmAddress, Grant } from '../crm/grant.ts'
import type { Crm } from '../model/record/change-event.ts'
import { listConnections } from '../store/connections/connections.ts'
import { type DraftView, readDraft } from '../store/connections/drafts.ts'
import { mayWrite } from '../store/connections/write-permission.ts'
import { checkLines, factLines, identityLine } from './terminal/access-report.ts'
import { type Ask, askAtTerminal } from './terminal/ask.ts'
import { type OpenCommand, openCommand, UsageError } from './terminal/connect-command.ts'
import { liveLine } from './terminal/live-line.ts'
import { liveStatus, statusLine } from './terminal/live-status.ts'

const HELP = `connect hubspot|salesforce [options]

Connects a CRM to the Lanekeeper that runs here: asks for what is missing, tries every permission by a real call, shows
the list, and starts reading when you say so. Nothing is written to the CRM before that.

  --kind KIND         hubspot: token (static-auth app, the usual) or oauth
                      salesforce: client-credentials (the usual), jwt or pkce
                      oauth and pkce log in with a browser, so they go on in the console
  --login-url URL     salesforce: My Domain, https://acme.my.salesforce.com
  --client-id ID      salesforce: consumer key of the External Client App
  --username NAME     salesforce jwt: the pre-authorised user
  --private-key FILE  salesforce jwt: RSA key, PKCS8 PEM
  --app-id N          hubspot: id of the app, by which our own writes are recognised
  --webhook-url URL   hubspot: the address that the app's webhooks call; "none" polls instead
  --base-url URL      hubspot: another API host; salesforce: see --login-url
  --pubsub HOST:PORT  salesforce: another address of the Pub/Sub API
  --secrets FILE      secrets as JSON instead of being asked: {"token", "clientSecret"}; - reads standard input
  --task-key          hubspot: create the unique task property without asking
  --day-share N       our share of the day's calls, 0.2 unless given; --window-share N of a burst, 0.8
  --yes               start reading without asking, when no required permission is missing
  --no-wait           do not follow the first import

Secrets are never options: other users of this machine could read them.
Exit code 0: connected. 1: not connected, and why. 2: wrong options.`

const OPTIONS = {
  kind: { type: 'string' },
  'login-url': { type: 'string' },
  'client-id': { type: 'string' },
  username: { type: 'string' },
  'private-key': { type: 'string' },
  'app-id': { type: 'string' },
  'webhook-url': { type: 'string' },
  'base-url': { type: 'string' },
  pubsub: { type: 'string' },
  secrets: { type: 'string' },
  'task-key': { type: 'boolean', default: false },
  'day-share': { type: 'string', default: '0.2' },
  'window-share': { type: 'string', default: '0.8' },
  yes: { type: 'boolean', default: false },
  'no-wait': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

type Options = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values']
type Secrets = { readonly token?: string; readonly clientSecret?: string }

const out = liveLine(process.stdout)

/** Answers the exit code. */
async function runConnect(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  if (values.help) {
    out.say(HELP)
    return 0
  }
  const crm = crmOf(positionals)
  const settings = readSettings(process.env)
  const ask = askAtTerminal()
  const command = await openCommand(settings)
  try {
    const browser = browserKind(crm, values)
    if (browser) return await pointToConsole(command, browser)
    const secrets = await secretsOf(values, ask)
    const made =
      crm === 'hubspot'
        ? await hubSpot(values, secrets, ask, command)
        : await salesforce(values, secrets, ask, settings)
    return await connect(crm, made, values, ask, command)
  } finally {
    out.end()
    await command.close()
  }
}

type Made = { readonly grant: Grant; readonly address: CrmAddress; readonly webhookUrl: string | null }

async function connect(crm: Crm, made: Made, values: Options, ask: Ask, command: OpenCommand): Promise<number> {
  const { deps } = command
  const shares = { dayShare: shareOf(values, 'day-share'), windowShare: shareOf(values, 'window-share') }
  const { draftId } = await createDraft(deps, { crm, ...made, madeBy: 'terminal', connectionId: null })
  let started = false
  try {
    out.say(`\nTrying what Lanekeeper needs, one by one. Nothing is written to the CRM.\n`)
    let draft = await checkedDraft(command, draftId)
    if (draft.status === 'failed' || draft.access === null) {
      out.say(draft.problem ?? 'The CRM could not be asked')
      return 1
    }
    out.say(`\n${identityLine(draft.access)}`)
    for (const line of factLines(draft.access, draft.taskKey, shares)) out.say(line)
    if (crm === 'hubspot' && draft.taskKey?.enforced === false) {
      const create = values['task-key'] || (ask.isTerminal && (await ask.yes('\nCreate the unique task property now?')))
      if (create) out.say(`  ${(await createDraftTaskKey(deps, draftId)).why}`)
    }
    const missing = draft.access.checks.filter(({ need, state }) => need === 'required' && state !== 'works')
    if (missing.length > 0) {
      out.say(`\nNot connected: ${missing.map(({ title }) => title).join(', ')}. Grant it and run this again.`)
      return 1
    }
    if (!values.yes && !(ask.isTerminal && (await ask.yes('\nStart reading?')))) {
      out.say(ask.isTerminal ? 'Not connected; nothing was kept.' : 'Not connected: add --yes to start reading.')
      return 1
    }
    draft = (await readDraft(deps.db, draftId)) ?? draft
    const { connectionId } = await startDraft(deps, draftId, shares)
    started = true
    out.say(`\nConnected as ${connectionId}. The first import reads every watched record.`)
    if (!values['no-wait']) await followImport(command, connectionId)
    return 0
  } finally {
    if (!started) await discardDraft(deps, draftId)
  }
}

/** Runs the checks and shows each answer as it comes. */
async function checkedDraft({ deps }: OpenCommand, draftId: string): Promise<DraftView> {
  const shown = new Set<string>()
  const show = (draft: DraftView | null) => {
    for (const check of draft?.access?.checks ?? []) {
      if (shown.has(check.id)) continue
      shown.add(check.id)
      for (const line of checkLines(check)) out.say(line)
    }
  }
  let done = false
  const checking = checkDraft(deps, draftId).finally(() => {
    done = true
  })
  while (!done) {
    show(await readDraft(deps.db, draftId))
    await Promise.race([checking.catch(() => undefined), delay(200)])
  }
  await checking
  const draft = await readDraft(deps.db, draftId)
  if (!draft) throw new Error('The connection was discarded elsewhere while it was being checked')
  show(draft)
  return draft
}

async function followImport({ deps }: OpenCommand, connectionId: string): Promise<void> {
  const read = liveStatus(deps.db)
  for (;;) {
    const connection = (await listConnections(deps.db)).find(({ id }) => id === connectionId)
    if (connection?.status !== 'connected') {
      out.say(connection?.statusReason ?? 'The connection was ended')
      return
    }
    if (connection.baseline.done) {
      const count = Object.values(connection.baseline.objects).reduce((sum, object) => sum + object.count, 0)
      out.say(`Read ${count.toLocaleString('en-US')} records. "npx lanekeeper scan" shows what is broken in them.`)
      if (!(await mayWrite(deps.db, connectionId))) {
        out.say(
          `Nothing is written to this CRM until you say so: npx lanekeeper connections allow-writes ${connectionId}`,
        )
      }
      return
    }
    out.show(statusLine(await read()))
    await delay(1_000)
  }
}

function crmOf(positionals: readonly string[]): keyof typeof KINDS {
  const [crm] = positionals
  if (positionals.length === 1 && (crm === 'hubspot' || crm === 'salesforce')) return crm
  throw new UsageError('Say which: "connect hubspot" or "connect salesforce"')
}

const KINDS = {
  hubspot: { usual: 'token', inBrowser: 'oauth', others: [] },
  salesforce: { usual: 'client-credentials', inBrowser: 'pkce', others: ['jwt'] },
} as const

/** The kind when it is one that logs in with a browser. */
function browserKind(crm: keyof typeof KINDS, { kind }: Options): string | null {
  const { usual, inBrowser, others } = KINDS[crm]
  const known: readonly string[] = [usual, inBrowser, ...others]
  if (kind !== undefined && !known.includes(kind)) {
    throw new UsageError(`"${kind}" is no kind of ${crm}: use ${known.join(', ')}`)
  }
  return kind === inBrowser ? inBrowser : null
}

async function pointToConsole({ deps, publicUrl }: OpenCommand, kind: string): Promise<number> {
  out.say(`"${kind}" logs in with a browser and goes on in the console:`)
  out.say(`  ${await createSignInLink(deps.db, publicUrl)}  (once), then ${new URL('/connections/new', publicUrl)}`)
  return 1
}

async function secretsOf(values: Options, ask: Ask): Promise<Secrets> {
  if (values.secrets === undefined) return {}
  if (values.secrets === '-' && ask.isTerminal) throw new UsageError('--secrets - reads a pipe, and there is none')
  const text = values.secrets === '-' ? await standardInput() : await readFile(values.secrets, 'utf8')
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    // Not the parser's words: they quote what it read.
    throw new UsageError('The secrets are not JSON such as {"token": "...", "clientSecret": "..."}')
  }
  const { token, clientSecret } = (parsed ?? {}) as Record<string, unknown>
  return {
    ...(typeof token === 'string' ? { token } : {}),
    ...(typeof clientSecret === 'string' ? { clientSecret } : {}),
  }
}

async function standardInput(): Promise<string> {
  let text = ''
  for await (const piece of process.stdin.setEncoding('utf8')) text += piece
  return text
}

async function hubSpot(values: Options, secrets: Secrets, ask: Ask, { webhookUrl }: OpenCommand): Promise<Made> {
  const token = secrets.token ?? (await secretAnswer(ask, 'Access token of the static-auth app:', 'token'))
  const asked = values['webhook-url'] ?? webhookUrl
  const polls = asked === null || asked === 'none'
  if (polls) out.say('No webhooks: HubSpot is polled, and a change is seen within about a minute.')
  const clientSecret = polls
    ? undefined
    : (secrets.clientSecret ??
      (await secretAnswer(ask, 'Client secret of the app (signs its webhooks):', 'clientSecret')))
  const appId = values['app-id'] ?? (ask.isTerminal ? await ask.text('App id (empty: not known):') : '')
  return {
    grant: {
      kind: 'hubspot-token',
      token,
      clientSecrets: clientSecret ? [clientSecret] : [],
      appId: appId || null,
    },
    address: { baseUrl: values['base-url'] ?? 'https://api.hubapi.com', apiVersion: '2026-03', pubsubAddress: null },
    webhookUrl: polls ? null : asked,
  }
}

async function salesforce(values: Options, secrets: Secrets, ask: Ask, settings: Settings): Promise<Made> {
  const baseUrl =
    values['login-url'] ?? (await answer(ask, 'My Domain URL (https://acme.my.salesforce.com):', '--login-url'))
  const clientId = values['client-id'] ?? (await answer(ask, 'Consumer key of the External Client App:', '--client-id'))
  const address = {
    baseUrl,
    apiVersion: settings.salesforce?.apiVersion ?? '67.0',
    pubsubAddress: values.pubsub ?? 'api.pubsub.salesforce.com:7443',
  }
  if (values.kind === 'jwt') {
    const username = values.username ?? (await answer(ask, 'User name that the app acts as:', '--username'))
    const file = values['private-key'] ?? (await answer(ask, 'File with the private key (PEM):', '--private-key'))
    const privateKey = await readFile(file, 'utf8')
    return { grant: { kind: 'salesforce-jwt', clientId, privateKey, username }, address, webhookUrl: null }
  }
  const clientSecret = secrets.clientSecret ?? (await secretAnswer(ask, 'Consumer secret:', 'clientSecret'))
  return { grant: { kind: 'salesforce-client-credentials', clientId, clientSecret }, address, webhookUrl: null }
}

async function answer(ask: Ask, question: string, option: string): Promise<string> {
  if (!ask.isTerminal) throw new UsageError(`${option} is missing`)
  return ask.text(question)
}

async function secretAnswer(ask: Ask, question: string, name: string): Promise<string> {
  if (!ask.isTerminal) throw new UsageError(`"${name}" is missing: give it with --secrets FILE`)
  return ask.secret(question)
}

function shareOf(values: Options, name: 'day-share' | 'window-share'): number {
  const share = Number(values[name])
  if (!(share >= 0.01 && share <= 1)) throw new UsageError(`--${name} "${values[name]}" is not a share from 0.01 to 1`)
  return share
}

try {
  process.exitCode = await runConnect(process.argv.slice(2))
} catch (error) {
  out.end()
  const usage = error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  if (usage) process.stderr.write('"npx lanekeeper connect --help" lists the options\n')
  process.exitCode = usage ? 2 : 1
}
