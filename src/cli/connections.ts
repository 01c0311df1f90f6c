import { parseArgs } from 'node:util'
import { readSettings } from '../config/settings.ts'
import { disconnect } from '../connections/lifecycle/disconnect.ts'
import { setWritePermission } from '../connections/lifecycle/write-permission.ts'
import { knownAdapters } from '../crm/registry.ts'
import { listConnections } from '../store/connections/connections.ts'
import { mayWrite } from '../store/connections/write-permission.ts'
import { askAtTerminal } from './terminal/ask.ts'
import { type OpenCommand, openCommand, UsageError } from './terminal/connect-command.ts'

const HELP = `connections                     lists what is connected
connections allow-writes ID     lets the workflows write tasks and owners; until then a connection is only read
connections hold-writes ID      takes that back
connections disconnect ID       ends a connection: tokens are revoked and erased, tasks stay in the CRM
  --history keep|erase          what was read and decided stays (keep), or goes with it (erase)
  --yes                         without asking

Exit code 0: done. 1: it failed, and why. 2: wrong options.`

/** Answers the exit code. */
async function runConnections(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      history: { type: 'string' },
      yes: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
    allowPositionals: true,
  })
  if (values.help) {
    process.stdout.write(`${HELP}\n`)
    return 0
  }
  const [verb, id, ...rest] = positionals
  if (rest.length > 0 || (verb !== undefined && (!isVerb(verb) || id === undefined))) {
    throw new UsageError(`Use "connections" alone, or with ${VERBS.join(', ')} and the id of a connection`)
  }
  const command = await openCommand(readSettings(process.env))
  try {
    if (verb === undefined || id === undefined) return await list(command)
    if (verb !== 'disconnect') return await writes(command, id, verb === 'allow-writes')
    const { history } = values
    if (history !== 'keep' && history !== 'erase') {
      throw new UsageError('Say what becomes of the history: --history keep or --history erase')
    }
    return await end(command, id, history, values.yes)
  } finally {
    await command.close()
  }
}

const VERBS = ['allow-writes', 'hold-writes', 'disconnect'] as const

function isVerb(word: string): boolean {
  return (VERBS as readonly string[]).includes(word)
}

async function writes({ deps }: OpenCommand, id: string, allowed: boolean): Promise<number> {
  await setWritePermission(deps.db, id, { allowed, by: 'terminal', nowMs: deps.nowMs() })
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

async function end({ deps }: OpenCommand, id: string, history: 'keep' | 'erase', isSure: boolean): Promise<number> {
  const connection = (await listConnections(deps.db)).find((one) => one.id === id)
  if (!connection) throw new Error(`There is no connection "${id}"; "npx lanekeeper connections" lists them`)
  if (!isSure) {
    const ask = askAtTerminal()
    if (!ask.isTerminal) throw new UsageError('Add --yes to end a connection without being asked')
    const loss = history === 'erase' ? ' and erase what was read and decided' : ''
    if (!(await ask.yes(`End "${connection.title}"${loss}?`))) return 1
  }
  const { message } = await disconnect(deps, connection.id, { history, by: 'terminal' })
  for (const sentence of message) process.stdout.write(`${sentence}\n`)
  return 0
}

try {
  process.exitCode = await runConnections(process.argv.slice(2))
} catch (error) {
  const isUsage = error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = isUsage ? 2 : 1
}
