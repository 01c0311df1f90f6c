import { existsSync } from 'node:fs'
import { chmod, glob, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { run } from 'node:test'
import { fileURLToPath } from 'node:url'
import { listenForStop } from '../src/cli/stack/stop-signals.ts'
import { type Given, runAsProgram, runCommand } from '../src/cli/terminal/command.ts'
import { startEmbeddedPostgres } from '../src/store/postgres/embedded-postgres.ts'
import { TEST_SERVER_SETTINGS, TEST_SERVER_VARIABLE } from '../test/support/database.ts'
import { createTestReport } from './test-report.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const END_OF_TESTS = new URL('end-of-tests.ts', import.meta.url).href

/** Files with servers and browsers of their own take seconds each; more at once than cores only makes them late. */
const CONCURRENCY = 2

/**
 * Quick and certain first, so that a broken rule is seen before a browser has started: the pure model, then what stands
 * beside the code, the sandbox, then what crosses rooms, and at last the whole product.
 */
const ORDER = [
  /^src\/model\//,
  /^(src\/(config|store|crm|queue|connections|notices|pipeline|api|cli)|tools)\//,
  /^(workers|sandbox|console|bench)\//,
  /^test\/(store|crm|connections|pipeline|api|queue)\//,
  /^test\/contract\//,
  /^test\/platform\//,
  /^test\/(?!e2e|browser|faults)/,
  /^test\//,
]

/** What a whole suite needs from the machine; without it the suite says "skipped" and why, and so do we. */
const NEEDS = [
  { what: 'redis-server', lookFor: ['redis-server'], suites: 'the queue on Redis' },
  { what: 'chromium', lookFor: ['chromium', 'chromium-browser', 'google-chrome'], suites: 'the console in a browser' },
]

const HELP = `npm test -- [FILE or DIRECTORY ...] [-t PATTERN]

Runs all tests, or those of the files and directories that are named.

  -t, --only-names PATTERN   only tests whose name has it

Exit code 0: all passed. 1: some failed, or no test is there. 64: the command was not understood.`

const OPTIONS = { 'only-names': { type: 'string', short: 't' } } as const

await runAsProgram(
  (args, _environment, streams) =>
    runCommand({ help: HELP, options: OPTIONS, words: Number.POSITIVE_INFINITY, run: runTests }, args, streams),
  { stopsInOrder: true },
)

async function runTests({ values, words }: Given<typeof OPTIONS>): Promise<number> {
  const files = await findTests(words)
  if (files.length === 0) {
    process.stderr.write(`No test file is at ${words.join(', ') || ROOT}\n`)
    return 1
  }
  const directory = await mkdtemp(join(tmpdir(), 'lanekeeper-tests-'))
  // So that Postgres under its own account can pass when we are root.
  await chmod(directory, 0o711)
  const stop = listenForStop({ onStop: () => undefined, onStopNow: () => process.exit(130) })
  const server = await startEmbeddedPostgres({ dataDir: directory, settings: TEST_SERVER_SETTINGS })
  try {
    process.env[TEST_SERVER_VARIABLE] = server.url
    const report = createTestReport((line) => process.stdout.write(`${line}\n`), ROOT)
    const stream = run({
      files,
      concurrency: CONCURRENCY,
      isolation: 'process',
      signal: stop.signal,
      execArgv: ['--disable-warning=ExperimentalWarning', '--import', END_OF_TESTS],
      ...(values['only-names'] ? { testNamePatterns: [values['only-names']] } : {}),
    })
    for await (const event of stream) report.take(event)
    const { failed } = report.close(missingPrograms())
    return failed > 0 || stop.signal.aborted ? 1 : 0
  } finally {
    await server.stop()
    await rm(server.directory, { recursive: true, force: true })
    await rm(directory, { recursive: true, force: true })
    stop.close()
  }
}

async function findTests(asked: readonly string[]): Promise<string[]> {
  const patterns =
    asked.length > 0 ? asked.map(patternOf) : ['{src,workers,sandbox,console,bench,tools,test}/**/*.test.{ts,tsx}']
  const found = new Set<string>()
  for (const pattern of patterns) {
    for await (const file of glob(pattern, {
      cwd: ROOT,
      exclude: (name) => name === 'node_modules' || name === 'dist',
    })) {
      found.add(file.replaceAll('\\', '/'))
    }
  }
  const rank = (file: string) => ORDER.findIndex((pattern) => pattern.test(file))
  return [...found].toSorted((a, b) => rank(a) - rank(b) || a.localeCompare(b)).map((file) => join(ROOT, file))
}

function patternOf(path: string): string {
  const fromRoot = relative(ROOT, join(process.cwd(), path)).replaceAll('\\', '/')
  return /\.test\.tsx?$/.test(path) ? fromRoot : `${fromRoot ? `${fromRoot}/` : ''}**/*.test.{ts,tsx}`
}

function missingPrograms(): string[] {
  const directories = (process.env.PATH ?? '').split(process.platform === 'win32' ? ';' : ':')
  return NEEDS.filter(
    ({ lookFor }) => !lookFor.some((name) => directories.some((directory) => existsSync(join(directory, name)))),
  ).map(({ what, suites }) => `${what} is not installed, so ${suites} cannot be tested here`)
}
