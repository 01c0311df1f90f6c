import { patternTitle } from '../../api/cases/pattern-titles.ts'
import { n, percent } from '../../model/surface/numbers.ts'
import type { Surface } from '../../model/surface/surface.ts'
import { verdictsOf } from '../../model/surface/verdicts.ts'
import { leftOutText } from './left-out-text.ts'

/** The page in a dozen lines, for the terminal. */
export function scanSummary(surface: Surface, file: string): string {
  const { records, cases, rules } = surface
  const all = cases.open + rules.byOutcome.settled
  const width = Math.max(...cases.byPattern.map(({ pattern }) => patternTitle(pattern).length), 0)
  const digits = n(cases.open).length
  const lines = [
    '',
    `  Exception surface: ${surface.connections.map(({ title }) => plain(title)).join(' and ')}`,
    '',
    ...(surface.leftOut.length > 0 ? [`  ${plain(leftOutText(surface))}`, ''] : []),
    ...(records.toDecide > 0
      ? [`  Not final: ${n(records.toDecide)} records are still to be decided, so these counts change`, '']
      : []),
    `  ${n(records.read)} records read, ${n(records.watched)} of them watched; ${n(records.affected)} (${percent(records.affected, records.watched)}) have an open case`,
    `  ${n(cases.open)} open cases: ${cases.byClass.map((row) => `${n(row.cases)} ${row.class}`).join(', ')}`,
    '',
    ...cases.byPattern.map(
      ({ pattern, cases: count, records: on }) =>
        `    ${patternTitle(pattern).padEnd(width)}  ${n(count).padStart(digits)}  ${percent(on, records.watched)} of the watched records`,
    ),
    '',
    `  Rules fixed ${n(rules.byOutcome.settled)} and could fix ${n(rules.byOutcome['could-settle'])} more of ${n(all)} cases (${percent(rules.byOutcome.settled + rules.byOutcome['could-settle'], all)} together)`,
    ...verdictsOf(surface)
      .filter(({ holds }) => holds)
      .map(({ title }) => `  ${title}`),
    '',
    `  Full page with owners and worst cases: ${file}`,
    '  It opens offline and names records: share it with people who may see them. Nothing was written to a CRM.',
    '',
  ]
  return `${lines.join('\n')}\n`
}

/** Titles come from a CRM, and a terminal obeys control characters. */
function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ')
}
