import { readSettings } from '../config/settings/settings.ts'
import { disconnect } from '../connections/lifecycle/disconnect.ts'
import { knownAdapters } from '../crm/registry.ts'
import { requireMay } from '../people/permitted.ts'
import { sayYesToWriting, stopWriting } from '../people/writing.ts'
import { listConnections } from '../store/connections/connections.ts'
import { mayWrite } from '../store/connections/write-permission.ts'
import { namesOf } from '../store/people/persons.ts'
import { askAtTerminal } from './terminal/ask.ts'
import { type Given, knownWord, runAsProgram, runCommand, type Streams } from './terminal/command.ts'
import { type OpenCommand, openCommand } from './terminal/connect-command.ts'
import { UsageError } from './terminal/usage.ts'

const HELP = `connections                     lists what is connected
connections allow-writes ID     lets the workflows write tasks and owners; until then a connection is only read
connections hold-writes ID      takes that back
connections disconnect ID       ends a connection: tokens are revoked and erased, tasks stay in the CRM
  --history keep|erase          what was read and decided stays (keep), or goes with it (erase)
  --yes                         without asking

Exit code 0: done. 1: it failed, and why. 64: the command was not understood.`

const OPTIONS = {
  history: { type: 'string' },
  yes: { type: 'boolean', default: false },
} as const

/** Answers the exit code. */
export function runConnections(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  streams: Streams,
): Promise<number> {
  const command = {
    help: HELP,
    options: OPTIONS,
    words: 2,
    run: (given: Given<typeof OPTIONS>) => runVerb(given, environment),
  }
  return runCommand(command, args, streams)
}

async function runVerb(
  { values: { history, yes }, words: [word, id] }: Given<typeof OPTIONS>,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const verb = word === undefined ? undefined : knownWord('command of connections', word, VERBS)
  if (verb !== undefined && id === undefined) throw new UsageError(`"connections ${verb}" needs the id of a connection`)
  if (history !== undefined) knownWord('history', history, HISTORIES)
  if (verb === 'disconnect' && history === undefined) {
    throw new UsageError('Say what becomes of the history: --history keep or --history erase')
  }
  const command = await openCommand(readSettings(environment))
  try {
    if (verb === undefined || id === undefined) return await list(command)
    if (verb !== 'disconnect') return await writes(command, id, verb === 'allow-writes')
    return await end(command, id, history === 'erase' ? 'erase' : 'keep', yes)
  } finally {
    await command.close()
  }
}

const TERMINAL = { kind: 'terminal' } as const
const HISTORIES = ['keep', 'erase'] as const
const VERBS = ['allow-writes', 'hold-writes', 'disconnect'] as const

async function writes({ deps }: OpenCommand, id: string, allowed: boolean): Promise<number> {
  if (!allowed) await stopWriting(deps.db, TERMINAL, id)
  const stands = allowed ? await sayYesToWriting(deps.db, TERMINAL, id) : null
  if (stands !== null && !stands.isOn) {
    const names = await namesOf(deps.db, stands.waitsFor)
    const whom = stands.waitsFor.map((personId) => names.get(personId) ?? personId).join(', ')
    process.stdout.write(
      `Noted. Writing starts once the workflow owners have said yes on the page Connections: ${whom}.\n`,
    )
    return 0
  }
  const message = allowed
    ? 'From now on workflows write tasks and owners to it, each as far as its mode allows.'
    : 'Nothing more is written to it. What was decided stays, and goes on being decided.'
  process.stdout.write(`${message}\n`)
  return 0
}

async function list({ deps }: OpenCommand): Promise<number> {
  const connections = await listConnections(deps.db)
  if (connections.length === 0) {
    const commands = knownAdapters().map(({ profile: { crm } }) => `"npx lanekeeper connect ${crm}"`)
    process.stdout.write(`No CRM is connected. Run ${commands.join(' or ')}.\n`)
    return 0
  }
  for (const { id, title, status, statusReason, baseline } of connections) {
    const count = Object.values(baseline.objects).reduce((sum, object) => sum + object.count, 0)
    const read = `${count.toLocaleString('en-US')} records ${baseline.done ? 'read' : 'read so far'}`
    const writing = status === 'disconnected' || (await mayWrite(deps.db, id)) ? '' : ', only read'
    process.stdout.write(`${id}  ${title}: ${status}${statusReason ? ` (${statusReason})` : ''}, ${read}${writing}\n`)
  }
  return 0
}

/** Workers may be away here, and then nobody goes on in the background. As long as a timer can be. */
const UNTIL_DONE_MS = 2_147_483_647

async function end({ deps }: OpenCommand, id: string, history: 'keep' | 'erase', isSure: boolean): Promise<number> {
  const connection = (await listConnections(deps.db)).find((one) => one.id === id)
  if (!connection) throw new Error(`There is no connection "${id}"; "npx lanekeeper connections" lists them`)
  if (!isSure) {
    const ask = askAtTerminal()
    if (!ask.isTerminal) throw new UsageError('Add --yes to end a connection without being asked')
    const loss = history === 'erase' ? ' and erase what was read and decided' : ''
    if (!(await ask.yes(`End "${connection.title}"${loss}?`))) return 1
  }
  await requireMay(deps.db, TERMINAL, 'disconnect', { about: connection.id })
  if (history === 'erase') await requireMay(deps.db, TERMINAL, 'erase', { about: connection.id })
  const { message } = await disconnect(deps, connection.id, { history, by: 'terminal', answerWithinMs: UNTIL_DONE_MS })
  for (const sentence of message) process.stdout.write(`${sentence}\n`)
  return 0
}

if (import.meta.main) await runAsProgram(runConnections)
