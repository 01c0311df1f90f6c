import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { environmentGrants } from '../config/settings/environment-grants.ts'
import { readSettings } from '../config/settings/settings.ts'
import { checkDraft } from '../connections/draft/check.ts'
import { createDraft, createDraftTaskKey, discardDraft } from '../connections/draft/draft.ts'
import { startDraft } from '../connections/draft/start.ts'
import type { EnteredConnection, Terminal, TerminalForm } from '../crm/connect-form.ts'
import type { CrmAdapter } from '../crm/crm-adapter.ts'
import { adapterOf, knownAdapters } from '../crm/registry.ts'
import type { Crm } from '../model/record/change-event.ts'
import { requireMay } from '../people/permitted.ts'
import { listConnections } from '../store/connections/connections.ts'
import { type DraftView, readDraft } from '../store/connections/drafts.ts'
import { mayWrite } from '../store/connections/write-permission.ts'
import { checkLines, factLines, identityLine } from './terminal/access-report.ts'
import { type Ask, askAtTerminal } from './terminal/ask.ts'
import { type Given, knownWord, runAsProgram, runCommand, type Streams, sentenceOf } from './terminal/command.ts'
import { type OpenCommand, openCommand } from './terminal/connect-command.ts'
import { liveLine } from './terminal/live-line.ts'
import { liveStatus, statusLine } from './terminal/live-status.ts'
import { UsageError } from './terminal/usage.ts'

const HELP = () => `connect ${crmNames().join('|')} [options]

Connects a CRM to the Lanekeeper that runs here: asks for what is missing, tries every permission by a real call, shows
the list, and starts reading when you say so. Nothing is written to the CRM before that.

${helpLine('--kind KIND', kindsHelp().join('\n'))}
${Object.entries(formOptions())
  .map(([name, { value, help }]) => helpLine(`--${name} ${value}`, help))
  .join('\n')}
  --secrets FILE      secrets as JSON instead of being asked: {"token", "clientSecret"}; - reads standard input
  --task-key          create the unique task property without asking, where the CRM lets us
  --day-share N       our share of the day's calls, 0.2 unless given; --window-share N of a burst, 0.8
  --yes               start reading without asking, when no required permission is missing
  --no-wait           do not follow the first import

Secrets are never options: other users of this machine could read them.
Exit code 0: connected. 1: not connected, and why. 64: the command was not understood.`

const OPTIONS = {
  kind: { type: 'string' },
  secrets: { type: 'string' },
  'task-key': { type: 'boolean', default: false },
  'day-share': { type: 'string', default: '0.2' },
  'window-share': { type: 'string', default: '0.8' },
  yes: { type: 'boolean', default: false },
  'no-wait': { type: 'boolean', default: false },
} as const

type Options = Given<typeof OPTIONS>['values']
type Secrets = { readonly token?: string; readonly clientSecret?: string }

function crmNames(): string[] {
  return knownAdapters().map(({ profile: { crm } }) => crm)
}

/** The options of every CRM's form, by name. */
function formOptions(): TerminalForm['options'] {
  return Object.assign({}, ...knownAdapters().map(({ form }) => form.terminal.options))
}

function kindsHelp(): string[] {
  return knownAdapters().map(({ profile: { crm }, form: { terminal } }) => {
    const [usual, ...others] = terminal.kinds
    const browser = terminal.kindsInBrowser.map((kind) => `; ${kind} logs in with a browser and goes on in the console`)
    return `${crm}: ${usual} (the usual)${others.map((kind) => ` or ${kind}`).join('')}${browser.join('')}`
  })
}

function helpLine(option: string, help: string): string {
  const [first = '', ...more] = help.split('\n')
  return [`  ${option.padEnd(19)} ${first}`, ...more.map((line) => `${' '.repeat(22)}${line}`)].join('\n')
}

const out = liveLine(process.stdout)

/** Answers the exit code. */
export function runConnect(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  streams: Streams,
): Promise<number> {
  const given = Object.fromEntries(Object.keys(formOptions()).map((name) => [name, { type: 'string' } as const]))
  const command = {
    help: HELP,
    options: { ...given, ...OPTIONS },
    words: 1,
    run: ({ values, words }: Given<typeof OPTIONS>) => askAndConnect(values, words, environment),
    failed(error: unknown) {
      out.end()
      return { says: sentenceOf(error), code: 1 }
    },
  }
  return runCommand(command, args, streams)
}

async function askAndConnect(
  values: Options,
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const adapter = adapterNamed(words)
  // Before anything is asked or opened.
  const kind = kindOf(adapter, values)
  for (const name of ['day-share', 'window-share'] as const) shareOf(values, name)
  const { crm } = adapter.profile
  const settings = readSettings(environment)
  const ask = askAtTerminal()
  const command = await openCommand(settings)
  try {
    if (adapter.form.terminal.kindsInBrowser.includes(kind)) return await pointToConsole(command, kind)
    const secrets = await secretsOf(values, ask)
    const apiVersion = environmentGrants(settings).find((one) => one.crm === crm)?.address.apiVersion ?? null
    const options = values as Readonly<Record<string, string | boolean | undefined>>
    const terminal = terminalOf(ask, { kind, options, secrets, apiVersion, webhookUrl: command.webhookUrlOf(crm) })
    const made = await adapter.form.terminal.ask(terminal)
    return await connect(crm, made, values, ask, command)
  } finally {
    out.end()
    await command.close()
  }
}

type Made = Omit<EnteredConnection, 'connectionId'>

async function connect(crm: Crm, made: Made, values: Options, ask: Ask, command: OpenCommand): Promise<number> {
  const { deps } = command
  await requireMay(deps.db, { kind: 'terminal' }, 'connect', {})
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
    if (adapterOf(crm).profile.makesTaskKey && draft.taskKey?.enforced === false) {
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
    const { connectionId } = await startDraft(deps, draftId, shares, 'terminal')
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

function adapterNamed([crm]: readonly string[]): CrmAdapter {
  if (crm !== undefined) {
    const known = knownWord('CRM', crm, crmNames())
    return knownAdapters().find(({ profile }) => profile.crm === known)!
  }
  const commands = crmNames().map((name) => `"connect ${name}"`)
  throw new UsageError(`Say which: ${commands.join(' or ')}`)
}

function kindOf({ profile: { crm }, form }: CrmAdapter, { kind }: Options): string {
  const { kinds } = form.terminal
  return kind === undefined ? kinds[0] : knownWord(`kind of ${crm}`, kind, kinds)
}

async function pointToConsole({ publicUrl }: OpenCommand, kind: string): Promise<number> {
  out.say(`"${kind}" logs in with a browser and goes on in the console:`)
  out.say(`  ${new URL('/connections/new', publicUrl)}`)
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

function terminalOf(
  ask: Ask,
  given: Pick<Terminal, 'kind' | 'apiVersion' | 'webhookUrl'> & {
    readonly options: Readonly<Record<string, string | boolean | undefined>>
    readonly secrets: Secrets
  },
): Terminal {
  const { options, secrets, ...rest } = given
  const option = (name: string) => {
    const value = options[name]
    return typeof value === 'string' ? value : undefined
  }
  return {
    ...rest,
    option,
    answer: async (question, name) => option(name) ?? (await answer(ask, question, `--${name}`)),
    optionalAnswer: async (question, name) => option(name) ?? (ask.isTerminal ? await ask.text(question) : ''),
    secret: async (question, name) => secrets[name] ?? (await secretAnswer(ask, question, name)),
    readFile: (path) => readFile(path, 'utf8'),
    say: (line) => out.say(line),
  }
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

if (import.meta.main) await runAsProgram(runConnect)
