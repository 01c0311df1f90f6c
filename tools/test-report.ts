import { relative } from 'node:path'
import type { TestEvent } from 'node:test/reporters'

const COMPLAINT_MAX = 2_000

/** How the message begins with which a file that does not end by itself is stopped, see end-of-tests.ts. */
const STOPPED = 'The file was stopped:'

export type TestCounts = { readonly passed: number; readonly failed: number; readonly skipped: number }

export type TestReport = {
  take(event: TestEvent): void
  /** Prints what failed and what was skipped, then the closing line of counts, alone on its line. */
  close(notes: readonly string[]): TestCounts
}

type Failure = { readonly file: string; readonly name: string; readonly error: string }

type Counts = { passed: number; failed: number; skipped: number }

type Seen = {
  readonly perFile: Map<string, Counts>
  readonly failures: Failure[]
  /** Why each skipped test was skipped, by its full name. */
  readonly skips: Map<string, string>
  /** Suites and tests above the one that an event is about, per file, by depth. */
  readonly names: Map<string, string[]>
  /** Why a file was stopped before it ended by itself. */
  readonly stopped: Map<string, string>
  /** The end of what each file complained of, for one that dies after its tests have passed. */
  readonly complaints: Map<string, string>
}

/** One line per file as each ends, so that a long run visibly makes progress and its end can be read. */
export function createTestReport(print: (line: string) => void, root: string): TestReport {
  const seen: Seen = {
    perFile: new Map(),
    failures: [],
    skips: new Map(),
    names: new Map(),
    stopped: new Map(),
    complaints: new Map(),
  }
  return {
    take(event) {
      if (event.type === 'test:start') noteStart(seen, event.data)
      else if (event.type === 'test:summary' && event.data.file) print(fileLine(seen, event.data, root))
      else if (event.type === 'test:stderr') noteStop(seen, event.data)
      else if (event.type === 'test:pass' || event.type === 'test:fail') noteResult(seen, event, root)
    },
    close(notes) {
      const { failures, skips, perFile } = seen
      for (const { file, name, error } of failures) print(`\n✖ ${file}\n  ${name}\n${indent(error)}`)
      if (skips.size > 0 || notes.length > 0) print('')
      for (const note of notes) print(`Note: ${note}`)
      for (const [name, why] of skips) print(`Skipped ${name}${why ? `, because ${why}` : ''}`)
      const total = (key: keyof Counts) => [...perFile.values()].reduce((sum, counts) => sum + counts[key], 0)
      const counts = { passed: total('passed'), failed: total('failed'), skipped: total('skipped') }
      print(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
      return counts
    },
  }
}

type EventData<Type extends TestEvent['type']> = Extract<TestEvent, { type: Type }>['data']

function noteStart(seen: Seen, { file = '', nesting, name }: EventData<'test:start'>): void {
  const path = (seen.names.get(file) ?? []).slice(0, nesting)
  path[nesting] = name
  seen.names.set(file, path)
  countsOf(seen, file)
}

function noteStop({ stopped, complaints }: Seen, { file, message }: EventData<'test:stderr'>): void {
  if (message.startsWith(STOPPED)) stopped.set(file, message.trim())
  complaints.set(file, `${complaints.get(file) ?? ''}${message}`.slice(-COMPLAINT_MAX))
}

/** A file whose tests have all passed fails with the way it ended. */
function endOf(seen: Seen, file: string, error: Error & { exitCode?: unknown; signal?: unknown }): string {
  const { exitCode = null, signal = null } = error
  const said = seen.complaints.get(file)?.trim()
  return `It ended with exit code ${exitCode}, signal ${signal}${said ? `, and had said:\n${said}` : ', and had said nothing'}`
}

function fileLine(seen: Seen, { file = '', duration_ms: ms }: EventData<'test:summary'>, root: string): string {
  const { passed, failed, skipped } = countsOf(seen, file)
  const sign = failed > 0 ? '✖' : passed > 0 ? '✔' : '–'
  const extra = [failed > 0 ? `${failed} failed` : '', skipped > 0 ? `${skipped} skipped` : ''].filter(Boolean)
  return `${sign} ${relative(root, file)}  ${[`${passed} passed`, ...extra].join(', ')}  ${(ms / 1000).toFixed(1)} s`
}

function noteResult(seen: Seen, event: Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>, root: string): void {
  const { name, nesting, details, skip, file = '' } = event.data
  const counts = countsOf(seen, file)
  if (skip !== undefined) {
    counts.skipped++
    const title = `${relative(root, file)}: ${nameOf(seen, file, nesting, name)}`
    seen.skips.set(title, typeof skip === 'string' ? skip : '')
  } else if (event.type === 'test:fail') {
    const error = event.data.details.error as Error & { failureType?: string; cause?: unknown }
    // A suite fails with its tests; counting both would count one fault twice.
    if (error.failureType === 'subtestsFailed') return
    counts.failed++
    const title = nameOf(seen, file, nesting, name)
    const why = isFileItself(name, file) ? (seen.stopped.get(file) ?? endOf(seen, file, error)) : undefined
    seen.failures.push({ file: relative(root, file), name: title, error: why ?? describe(error) })
  } else if (details.type !== 'suite' && !isFileItself(name, file)) {
    counts.passed++
  }
}

function countsOf({ perFile }: Seen, file: string): Counts {
  const known = perFile.get(file) ?? { passed: 0, failed: 0, skipped: 0 }
  perFile.set(file, known)
  return known
}

function nameOf({ names }: Seen, file: string, nesting: number, name: string): string {
  return [...(names.get(file) ?? []).slice(0, nesting), name].join(' › ')
}

/** With process isolation the runner reports each file as a test of its own, named by its path. */
function isFileItself(name: string, file: string): boolean {
  return name === file || file.endsWith(name.replaceAll('\\', '/'))
}

function describe(error: Error & { cause?: unknown }): string {
  const real = error.cause instanceof Error ? error.cause : error
  return real.stack ?? real.message
}

function indent(text: string): string {
  return text
    .split('\n')
    .slice(0, 25)
    .map((line) => `    ${line}`)
    .join('\n')
}
