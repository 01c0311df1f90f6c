import { relative } from 'node:path'
import type { TestEvent } from 'node:test/reporters'

export type TestCounts = { readonly passed: number; readonly failed: number; readonly skipped: number }

export type TestReport = {
  take(event: TestEvent): void
  /** Prints what failed and what was skipped, then the closing line of counts, alone on its line. */
  close(notes: readonly string[]): TestCounts
}

type Failure = { readonly file: string; readonly name: string; readonly error: string }

/** One line per file while it goes on, so that a long run is seen to go on and its end can be read. */
export function createTestReport(print: (line: string) => void, root: string): TestReport {
  const perFile = new Map<string, { passed: number; failed: number; skipped: number }>()
  const failures: Failure[] = []
  const skips = new Map<string, string>()
  // Suites and tests above the one that an event is about, per file, by depth.
  const names = new Map<string, string[]>()

  function countsOf(file: string) {
    const known = perFile.get(file) ?? { passed: 0, failed: 0, skipped: 0 }
    perFile.set(file, known)
    return known
  }

  function nameOf(file: string, nesting: number, name: string): string {
    return [...(names.get(file) ?? []).slice(0, nesting), name].join(' › ')
  }

  return {
    take(event) {
      if (event.type === 'test:start') {
        const { nesting, name } = event.data
        const file = event.data.file ?? ''
        const path = (names.get(file) ?? []).slice(0, nesting)
        path[nesting] = name
        names.set(file, path)
        countsOf(file)
        return
      }
      if (event.type === 'test:summary' && event.data.file) {
        const file = event.data.file
        const counts = countsOf(file)
        const seconds = (event.data.duration_ms / 1000).toFixed(1)
        const sign = counts.failed > 0 ? '✖' : counts.passed > 0 ? '✔' : '–'
        const extra = [
          counts.failed > 0 ? `${counts.failed} failed` : '',
          counts.skipped > 0 ? `${counts.skipped} skipped` : '',
        ].filter(Boolean)
        const text = [`${counts.passed} passed`, ...extra].join(', ')
        print(`${sign} ${relative(root, file)}  ${text}  ${seconds} s`)
        return
      }
      if (event.type !== 'test:pass' && event.type !== 'test:fail') return
      const { name, nesting, details, skip } = event.data
      const file = event.data.file ?? ''
      const counts = countsOf(file)
      const isSuite = details.type === 'suite'
      if (skip !== undefined) {
        counts.skipped++
        skips.set(`${relative(root, file)}: ${nameOf(file, nesting, name)}`, typeof skip === 'string' ? skip : '')
      } else if (event.type === 'test:fail') {
        const error = event.data.details.error as Error & { failureType?: string; cause?: unknown }
        // A suite fails with its tests; counting both would count one fault twice.
        if (error.failureType === 'subtestsFailed') return
        counts.failed++
        failures.push({ file: relative(root, file), name: nameOf(file, nesting, name), error: describe(error) })
      } else if (!isSuite && !isFileItself(name, file)) {
        counts.passed++
      }
    },
    close(notes) {
      for (const { file, name, error } of failures) print(`\n✖ ${file}\n  ${name}\n${indent(error)}`)
      if (skips.size > 0 || notes.length > 0) print('')
      for (const note of notes) print(`Note: ${note}`)
      for (const [name, why] of skips) print(`Skipped ${name}${why ? `, because ${why}` : ''}`)
      const all = [...perFile.values()]
      const total = (key: 'passed' | 'failed' | 'skipped') => all.reduce((sum, counts) => sum + counts[key], 0)
      const counts = { passed: total('passed'), failed: total('failed'), skipped: total('skipped') }
      print(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
      return counts
    },
  }
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
