import { patternTitle } from '../../api/cases/pattern-titles.ts'
import { EXCEPTION_CLASSES, type ExceptionClass, type Posture } from '../../model/classes/class.ts'
import { n, percent } from '../../model/surface/numbers.ts'
import type { RuleOutcome, Surface } from '../../model/surface/surface.ts'
import { verdictsOf } from '../../model/surface/verdicts.ts'
import { leftOutText } from './left-out-text.ts'
import { bar, classParts, legend } from './scan-bars.ts'
import { html, Markup } from './scan-markup.ts'
import { fieldsSection, ownersSection, worstSection } from './scan-sections.ts'
import { SCAN_STYLE } from './scan-style.ts'

/** One file that opens offline: no scripts, nothing loaded from anywhere. */
export function scanPage(surface: Surface): string {
  const companies = surface.connections.map(({ title }) => title).join(' and ')
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>Exception surface: ${companies}</title>
<style>${new Markup(SCAN_STYLE)}</style>
</head>
<body>
<main>
<h1>Exception surface</h1>
<p>${companies}, as of <time datetime="${surface.takenAt}">${minute(surface.takenAt)} UTC</time>.</p>
<p class="quiet">Lanekeeper made this page from its own copy of the CRMs and wrote nothing to them. The list of worst cases names
records; e-mail addresses are left out. Share it with people who may see those records.</p>
${surface.leftOut.length === 0 ? null : html`<p><strong>${leftOutText(surface)}</strong></p>`}
${
  surface.records.toDecide === 0
    ? null
    : html`<p><strong>Not final: ${n(surface.records.toDecide)} records are still to be decided.</strong> Their cases count as
last decided; records without a decision are not counted.</p>`
}
${figures(surface)}
${verdicts(surface)}
${broken(surface)}
${read(surface)}
${ownersSection(surface)}
${rules(surface)}
${worstSection(surface)}
${fieldsSection(surface)}
${definitions()}
</main>
</body>
</html>
`
  return page.html
}

function figures({ records, cases, rules }: Surface): Markup {
  const { settled, 'could-settle': could } = rules.byOutcome
  const all = cases.open + settled
  const figure = (number: string, says: string) => html`<div class="figure"><b>${number}</b>${says}</div>`
  return html`<div class="figures">
${figure(n(cases.open), 'open cases')}
${figure(percent(records.affected, records.watched), `of ${n(records.watched)} watched records have one: ${n(records.affected)}`)}
${figure(n(cases.overdue), 'overdue cases')}
${figure(percent(settled + could, all), `of ${n(all)} cases are or could be fixed by rules: ${n(settled + could)}`)}
</div>`
}

function verdicts(surface: Surface): Markup {
  return html`<section><h2>Findings</h2>
${verdictsOf(surface).map(
  ({ holds, title, because, definition }) => html`<div class="verdict${holds ? ' holds' : ''}"><h3>${title}</h3>
${because.map((sentence) => html`<p>${sentence}</p>`)}<p class="quiet">${definition}</p></div>`,
)}</section>`
}

const POSTURES: Readonly<Record<Posture, string>> = {
  confirm: 'runs; the owner confirms',
  hold: 'held until the reviewer decides',
  stop: 'blocked until the owner decides',
}

function broken({ cases, records }: Surface): Markup {
  const most = Math.max(...cases.byPattern.map((row) => row.cases), 1)
  return html`<section><h2>What is broken</h2>
<p class="quiet">Open cases by pattern, colored by class. The share counts watched records with at least one such case. A record can
have several, so the shares add up to more than 100 %.</p>
<div class="bars">${cases.byPattern.map(
    ({ pattern, cases: count, records: on, byClass }) => html`<div class="row"><span>${patternTitle(pattern)}</span>
${bar(classParts(byClass), most, `${patternTitle(pattern)}: ${classWords(byClass)}`)}
<span class="number">${n(count)} <span class="quiet">${percent(on, records.watched)} of records</span></span></div>`,
  )}</div>
${cases.open === 0 ? html`<p>No open cases.</p>` : null}
<h3>By class</h3>
<p class="quiet">The class decides what happens while a case is open.</p>
${legend(
  cases.byClass.map((row) => ({
    name: row.class,
    says: html`<b>${n(row.cases)}</b> ${row.class}, ${POSTURES[row.posture]} <span class="quiet">on ${n(row.records)} records,
${percent(row.records, records.watched)}</span>`,
  })),
)}</section>`
}

function classWords(byClass: Readonly<Record<ExceptionClass, number>>): string {
  return EXCEPTION_CLASSES.filter((name) => byClass[name] > 0)
    .map((name) => `${n(byClass[name])} ${name}`)
    .join(', ')
}

function read({ connections, workflows, records }: Surface): Markup {
  const rows = connections.flatMap((connection) => connection.objects.map((object) => ({ connection, object })))
  return html`<section><h2>Records read</h2>
<p class="quiet">Live records: not deleted, not merged, no tasks. Watched objects have a running workflow. Lanekeeper reads the others
because decisions need them.</p>
<table class="stack"><thead><tr><th>Connection</th><th>Object</th><th class="number">Records</th><th class="number">With an open case</th><th class="number">Open cases</th></tr></thead>
<tbody>${rows.map(
    ({
      connection,
      object,
    }) => html`<tr><td>${connection.title} <span class="quiet">${connection.crm}</span></td><td data-label="Object">${object.objectType}</td>
<td class="number" data-label="Records">${n(object.records)}</td>${
      object.isWatched
        ? html`<td class="number" data-label="With an open case">${n(object.affected)} <span class="quiet">${percent(object.affected, object.records)}</span></td>
<td class="number" data-label="Open cases">${n(object.cases)}</td>`
        : html`<td class="number quiet" data-label="With an open case">not watched</td><td class="number quiet" data-label="Open cases">0</td>`
    }</tr>`,
  )}
<tr><td>Total</td><td data-label="Object"></td><td class="number" data-label="Records">${n(records.read)}</td>
<td class="number" data-label="With an open case">${n(records.affected)}</td><td class="number" data-label="Open cases">${n(rows.reduce((sum, { object }) => sum + object.cases, 0))}</td></tr>
</tbody></table>
<p class="quiet">Workflows: ${workflows.map(({ title, mode }) => `${title} (${mode})`).join('; ')}.</p></section>`
}

const OUTCOMES: readonly { readonly outcome: RuleOutcome; readonly says: string }[] = [
  { outcome: 'settled', says: 'fixed by a rule, and not reopened' },
  {
    outcome: 'could-settle',
    says: 'could be fixed by a rule: an open ownership case that a rule already covers. The boundary owner must allow it for this pattern and class',
  },
  { outcome: 'field', says: 'missing or stale fields: rules assign owners, they do not fill in fields' },
  { outcome: 'no-rule', says: 'no rule covers the record yet' },
  { outcome: 'person', says: 'a reviewer decides: the policy requires it, or the CRM rejected the change' },
  { outcome: 'unknown', says: 'unclassified: always decided by a reviewer' },
]

function rules({ rules, workflows, cases }: Surface): Markup {
  const all = cases.open + rules.byOutcome.settled
  const titleOf = (workflow: string) => workflows.find((one) => one.workflow === workflow)?.title ?? workflow
  const parts = OUTCOMES.map(({ outcome }) => ({ name: outcome, value: rules.byOutcome[outcome] }))
  return html`<section><h2>What rules can fix</h2>
<p class="quiet">All ${n(all)} cases, open and fixed by rules, each counted once. The latest receipt of a case names the rule that covers it.</p>
<p>${bar(parts, all, OUTCOMES.map(({ outcome }) => `${outcome} ${n(rules.byOutcome[outcome])}`).join(', '))}</p>
${legend(
  OUTCOMES.map(({ outcome, says }) => ({
    name: outcome,
    says: html`<b>${n(rules.byOutcome[outcome])}</b> <span class="quiet">${percent(rules.byOutcome[outcome], all)}</span> ${says}`,
  })),
)}
${
  rules.couldSettle.length === 0
    ? null
    : html`<h3>Where rules could fix more</h3><table class="stack"><thead><tr><th>Workflow</th><th>Branch</th><th>Pattern</th><th class="number">Cases</th></tr></thead>
<tbody>${rules.couldSettle.map(
        (row) => html`<tr><td>${titleOf(row.workflow)}</td><td data-label="Branch">${row.branch}</td>
<td data-label="Pattern">${patternTitle(row.pattern)}</td><td class="number" data-label="Cases">${n(row.cases)}</td></tr>`,
      )}</tbody></table>`
}
${
  rules.repeated.length === 0
    ? null
    : html`<h3>Missing rules</h3><p class="quiet">At least five cases without a rule share the same reason.</p>
<table class="stack"><thead><tr><th>Reason</th><th>Workflow</th><th class="number">Cases</th></tr></thead>
<tbody>${rules.repeated.map(
        (row) =>
          html`<tr><td>${row.title}</td><td data-label="Workflow">${titleOf(row.workflow)}</td><td class="number" data-label="Cases">${n(row.cases)}</td></tr>`,
      )}</tbody></table>`
}</section>`
}

function definitions(): Markup {
  return html`<section><h2>Words</h2><dl>
<dt>Case</dt><dd>One occurrence of a pattern on one record, or on one field of it. It has one class, one default and one owner.</dd>
<dt>Watched record</dt><dd>A live record of an object with a running workflow, in or out of its scope. All shares of records are shares of
these.</dd>
<dt>Duplicate ownership</dt><dd>Two live records of the same person or account, by e-mail, domain, or phone with name, with different active owners, within a CRM or across two.</dd>
<dt>Stale territory</dt><dd>The territory or the owner differs from what the territory table gives for the present record.</dd>
<dt>Orphaned owner</dt><dd>The owner left, is missing from the CRM, or is a queue without active members; or a required owner is missing.</dd>
<dt>Missing field, stale field</dt><dd>A required field is still blank after its grace period, or has not changed for longer than the workflow allows.</dd>
<dt>No rule, review by policy</dt><dd>No row of the routing table covers the record, or the policy sends the branch to a reviewer.</dd>
<dt>Ownership flapping</dt><dd>The owner changed back and forth within the hours set in the workflow.</dd>
<dt>Open pipeline</dt><dd>The open deals of the record’s account, added up in the CRM’s own currency.</dd>
<dt>Age</dt><dd>Since Lanekeeper first found the case; it may be older in the CRM.</dd>
</dl></section>`
}

/** "2026-11-22 16:05", which means the same everywhere. */
function minute(iso: string): string {
  return iso.slice(0, 16).replace('T', ' ')
}
