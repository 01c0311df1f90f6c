import type { DemoResults } from './demo-results.ts'

const CLASS_WORDS: Readonly<Record<string, string>> = {
  expected: 'goes on; a reviewer looks later',
  risky: 'waits for a named reviewer',
  'customer-facing': 'stops; a senior reviewer decides',
  'revenue-impacting': 'stops; the approved group decides',
  unknown: 'stops; no class rule covers it yet',
}

/** The demo's closing page: what came in, what was messy, who has it now, and whether we were right. */
export function printResults(results: DemoResults, output: { write(text: string): unknown }): void {
  const { events, exceptions, tasks, routed, calls, quality, seconds, toDecide } = results
  const say = (text = '') => output.write(`${text}\n`)
  const skipped = Object.values(events.skipped).reduce((sum, n) => sum + n, 0)
  const routedTotal = Object.values(routed.byRule).reduce((sum, n) => sum + n, 0)
  say()
  say('  A messy Tuesday at Brightwater')
  say(`  ${'─'.repeat(72)}`)
  say(`  ${number(events.received)} change events came in from HubSpot and Salesforce`)
  say(
    `  ${number(events.applied)} changed something, ${number(skipped)} said nothing new, ${number(events.duplicate)} came twice`,
  )
  say(
    toDecide === 0
      ? '  No record waits to be decided: these figures are final'
      : `  ${number(toDecide)} records are still to be decided: these figures are not final`,
  )
  say()
  say('  The mess, and what happens to it by default')
  table(
    Object.entries(exceptions.byClass).map(([name, n]) => [name, number(n), CLASS_WORDS[name] ?? '']),
    ['class', 'cases', 'posture'],
    say,
  )
  say('  What it is, and whether we were right (the sandbox knows where it broke things; Lanekeeper does not)')
  table(
    Object.entries(quality).map(([pattern, q]) => [
      pattern,
      number(exceptions.byPattern[pattern] ?? 0),
      number(q.labelled),
      q.precision.toFixed(2),
      q.recall.toFixed(2),
    ]),
    ['pattern', 'found', 'labelled', 'precision', 'recall'],
    say,
  )
  say(`  ${number(routedTotal)} records were routed by ${Object.keys(routed.byRule).length} rules, without a person:`)
  const rules = Object.entries(routed.byRule).sort(([, a], [, b]) => b - a)
  table(
    rules.slice(0, 8).map(([rule, n]) => [rule, number(n)]),
    ['rule', 'records'],
    say,
  )
  if (rules.length > 8) say(`  and ${rules.length - 8} more rules\n`)
  say(
    `  ${number(tasks.hubspot)} tasks stand in HubSpot and ${number(tasks.salesforce)} in Salesforce, under real owners' names`,
  )
  say(`  ${tasks.duplicates === 0 ? 'none' : number(tasks.duplicates)} of them twice`)
  say(
    `  ${number(calls.hubspot)} calls to HubSpot and ${number(calls.salesforce)} to Salesforce, first import included`,
  )
  say(`  ${seconds} seconds`)
  say()
}

function table(rows: readonly (readonly string[])[], head: readonly string[], say: (text?: string) => void): void {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const isNumber = head.map((_, column) => rows.length > 0 && rows.every((row) => /^[\d,.]+$/.test(row[column] ?? '')))
  const line = (cells: readonly string[]) =>
    `    ${cells.map((cell, column) => (isNumber[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))).join('   ')}`.trimEnd()
  say()
  say(line(head))
  say(`    ${widths.map((width) => '─'.repeat(width)).join('   ')}`)
  for (const row of rows) say(line(row))
  say()
}

function number(n: number): string {
  return n.toLocaleString('en-US')
}
