import { setTimeout as delay } from 'node:timers/promises'
import {
  describeSettings,
  EXAMPLES,
  readSettings,
  type Settings,
  SettingsError,
  settingsHelp,
} from '../config/settings/settings.ts'
import { listConnections } from '../store/connections/connections.ts'
import { databaseNowMs } from '../store/database/clock.ts'
import { listAdmins } from '../store/people/admins.ts'
import type { ChildDeath } from './stack/child-process.ts'
import { alarmingLine, openLogFiles } from './stack/log-file.ts'
import { type Stack, startStack } from './stack/stack.ts'
import { listenForStop } from './stack/stop-signals.ts'
import { type Given, runAsProgram, runCommand, type Streams } from './terminal/command.ts'
import { liveLine } from './terminal/live-line.ts'
import { liveStatus, statusLine } from './terminal/live-status.ts'
import { keptVersions, misfitLines, refusedAtStart } from './terminal/policy-mistakes.ts'
import { upgradeNews } from './terminal/upgrade-lines.ts'

const OPTIONS = { own: { type: 'boolean', default: false } } as const

const help = () =>
  `npm start: everything on this machine, with the two sandbox CRMs until a CRM of your own is connected.\n\n` +
  `  --own   without the sandbox, to connect your own HubSpot or Salesforce\n\n` +
  `Exit code 0: stopped. 1: it failed, and why. 64: the command or a setting was not understood.\n\n` +
  `${settingsHelp(process.env)}`

/** Answers the exit code. */
export function runStart(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  streams: Streams,
): Promise<number> {
  const run = ({ values }: Given<typeof OPTIONS>) => {
    // Wrong settings are said before anything is touched.
    const settings = readSettings(environment)
    return start(settings, values.own, refusedAtStart(settings.configDir ?? EXAMPLES))
  }
  return runCommand({ help, options: OPTIONS, run }, args, streams)
}

async function start(settings: Settings, own: boolean, refused: readonly string[]): Promise<number> {
  const startedAt = performance.now()
  const out = liveLine(process.stdout)
  let stack: Stack | null = null
  let stopping: Promise<void> | null = null
  let failed = false
  const stopSignals = listenForStop({
    onStop: () => out.say(stack ? 'Stopping; Ctrl-C again stops at once' : 'Stopping'),
    onStopNow() {
      stack?.kill()
      process.exit(130)
    },
  })
  try {
    const logs = openLogFiles(settings.dataDir)
    const { given, hash } = describeSettings(process.env)
    const shown = Object.entries(given).map(([name, value]) => `${name}=${value}`)
    if (shown.length > 0) out.say(`Settings ${hash}: ${shown.join(' ')}`)
    for (const line of refused) out.say(line)
    stack = await startStack({
      sandboxArgs: ['--living'],
      own,
      signal: stopSignals.signal,
      onProgress: (step) => out.say(step),
      onLog(name, line) {
        // The sandbox says its credentials, which belong in no log.
        if (name === 'sandbox' && line.startsWith('{')) return
        logs.write(name, line)
        const alarming = alarmingLine(line)
        if (alarming) out.say(`${name}: ${alarming}`)
      },
      onDeath(death) {
        out.say(deathSentence(death, logs.path(death.name)))
        if (death.retryInMs !== null) return
        failed = true
        // What cannot be kept running is better stopped as a whole than half alive.
        process.kill(process.pid, 'SIGTERM')
      },
    })
    await welcome(stack, out.say, startedAt)
    const since = new Date((await databaseNowMs(stack.db)) - (performance.now() - startedAt))
    await showStatus(stack, out, since, stopSignals.signal)
  } catch (error) {
    if (!stopSignals.signal.aborted) {
      failed = true
      out.end()
      process.stderr.write(`${sentence(error)}\n`)
    }
  } finally {
    out.end()
    stopping = stack?.stop() ?? null
    await stopping
    stopSignals.close()
    process.stdin.destroy()
  }
  if (stopSignals.signal.aborted) out.say('Stopped')
  return failed ? 1 : 0
}

async function welcome(stack: Stack, say: (text: string) => void, startedAt: number): Promise<void> {
  const { settings, sandbox, db } = stack
  const rows: [string, string][] = [['Console', settings.publicUrl], await signInRow(stack)]
  if (sandbox) {
    rows.push(['HubSpot', `${sandbox.hubspot.pageUrl}  (sandbox, with the tasks that were written)`])
    rows.push(['Salesforce', `${sandbox.salesforce.pageUrl}  (sandbox)`])
    rows.push(['Your own', 'npm start -- --own connects your HubSpot or Salesforce instead of the sandbox'])
  } else if ((await listConnections(db)).length === 0) {
    rows.push(['Next', `${new URL('/connections/new', settings.publicUrl)} connects your HubSpot or Salesforce`])
  }
  rows.push(['Data', settings.dataDir])
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  say(`\nLanekeeper is ready after ${seconds} s. Ctrl-C stops it.\n`)
  for (const [name, value] of rows) say(`  ${name.padEnd(12)}${value}`)
  say('')
  for (const line of [...(await keptVersions(db)), ...(await misfitLines(db))]) say(line)
}

/** Whoever opens the console is somebody: the first admin is made here, on the server. */
async function signInRow({ db, settings, sandbox }: Stack): Promise<[string, string]> {
  if (sandbox !== null)
    return ['Sign in', `${new URL('/sign-in', settings.publicUrl)}  (as anyone of the sandbox's cast)`]
  if ((await listAdmins(db)).length === 0) {
    return ['First', 'npx lanekeeper admin you@company.com makes you the admin, and prints a link that signs you in']
  }
  return ['Sign in', `${new URL('/sign-in', settings.publicUrl)}  (or npx lanekeeper link EMAIL)`]
}

async function showStatus(
  { db, settings }: Stack,
  out: ReturnType<typeof liveLine>,
  since: Date,
  signal: AbortSignal,
): Promise<void> {
  const read = liveStatus(db)
  const readNews = upgradeNews(db, since, String(new URL('/upgrades', settings.publicUrl)))
  const everyMs = process.stdout.isTTY ? 1_000 : 10_000
  while (!signal.aborted) {
    const line = await read().then(statusLine, () => 'the database does not answer; waiting for it')
    const news = await readNews().catch(() => [])
    if (!signal.aborted) for (const one of news) out.say(one)
    if (!signal.aborted) out.show(line)
    await delay(everyMs, undefined, { signal }).catch(() => undefined)
  }
}

function deathSentence({ name, how, lastLines, retryInMs }: ChildDeath, logFile: string): string {
  const last = lastLines.map(alarmingLine).filter(Boolean).at(-1)
  const next = retryInMs === null ? 'It is not started again' : `It is started again in ${retryInMs / 1000} s`
  return `The ${name} ${how}${last ? ` (${last})` : ''}. ${next}; its log is ${logFile}`
}

/** One sentence that says what to do; the stack only of what we did not foresee. */
function sentence(error: unknown): string {
  if (error instanceof SettingsError) return error.message
  if (!(error instanceof Error)) return String(error)
  if ((error as NodeJS.ErrnoException).code === 'ENOSPC') {
    return 'The disk is full: free some space, or set DATA_DIR to a directory on another disk, and start again'
  }
  const foreseen = error.name === 'Error' || error.name === 'SchemaRefusedError'
  return foreseen ? error.message : (error.stack ?? error.message)
}

if (import.meta.main) await runAsProgram(runStart, { stopsInOrder: true })
