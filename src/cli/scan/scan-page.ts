import { patternTitle } from '../../api/cases/pattern-titles.ts'
import { EXCEPTION_CLASSES, type ExceptionClass, type Posture } from '../../model/classes/class.ts'
import type { RuleOutcome, Surface } from '../../model/surface/surface.ts'
import { n, percent, verdictsOf } from '../../model/surface/verdicts.ts'
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
<p class="quiet">Made by Lanekeeper from what it has read from the CRMs. Making it wrote nothing to a CRM. It holds names of
records in the list of worst cases, and no e-mail addresses: pass it on to people who may see those.</p>
${
  surface.records.toDecide === 0
    ? null
    : html`<p class="quiet">${n(surface.records.toDecide)} records wait for their next decision; until then their cases count
as they stood before, and those never decided not at all.</p>`
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
${figure(n(cases.overdue), 'open cases past their deadline')}
${figure(percent(settled + could, all), `of ${n(all)} cases are settled by rules or could be: ${n(settled + could)}`)}
</div>`
}

function verdicts(surface: Surface): Markup {
  return html`<section><h2>What this surface says</h2>
${verdictsOf(surface).map(
  ({ holds, title, because, definition }) => html`<div class="verdict${holds ? ' holds' : ''}"><h3>${title}</h3>
${because.map((sentence) => html`<p>${sentence}</p>`)}<p class="quiet">${definition}</p></div>`,
)}</section>`
}

const POSTURES: Readonly<Record<Posture, string>> = {
  confirm: 'somebody confirms it',
  hold: 'held until a named reviewer looked',
  stop: 'stopped until a named person decides',
}

function broken({ cases, records }: Surface): Markup {
  const most = Math.max(...cases.byPattern.map((row) => row.cases), 1)
  return html`<section><h2>What is broken</h2>
<p class="quiet">Open cases by pattern, coloured by class. The share is that of watched records with at least one such case; a record
may have several, so shares do not add up.</p>
<div class="bars">${cases.byPattern.map(
    ({ pattern, cases: count, records: on, byClass }) => html`<div class="row"><span>${patternTitle(pattern)}</span>
${bar(classParts(byClass), most, `${patternTitle(pattern)}: ${classWords(byClass)}`)}
<span class="number">${n(count)} <span class="quiet">${percent(on, records.watched)} of records</span></span></div>`,
  )}</div>
${cases.open === 0 ? html`<p>Nothing is open.</p>` : null}
<h3>By class</h3>
<p class="quiet">The class says what happens by default while the case is open.</p>
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
  return html`<section><h2>How much was read</h2>
<p class="quiet">Live records, that is neither deleted nor merged away, and without tasks. Watched: a running workflow is about this object. Objects
that are not watched are read because decisions look at them.</p>
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
<tr><td>Together</td><td data-label="Object"></td><td class="number" data-label="Records">${n(records.read)}</td>
<td class="number" data-label="With an open case">${n(records.affected)}</td><td class="number" data-label="Open cases">${n(rows.reduce((sum, { object }) => sum + object.cases, 0))}</td></tr>
</tbody></table>
<p class="quiet">Workflows: ${workflows.map(({ title, mode }) => `${title} (${mode})`).join('; ')}.</p></section>`
}

const FATES: readonly { readonly outcome: RuleOutcome; readonly says: string }[] = [
  { outcome: 'settled', says: 'settled: a rule decided, and the case is not open again' },
  {
    outcome: 'could-settle',
    says: 'could be settled: open, about who owns the record, in a branch that is in rules mode, and a rule of its table covers the record. The boundary owner would have to allow it for this pattern and class',
  },
  { outcome: 'field', says: 'missing or stale fields: a rule gives an owner, it does not fill in a field' },
  { outcome: 'no-rule', says: 'no rule covers the record' },
  { outcome: 'person', says: 'a person decides, because the branch says so or the CRM refused what the rule said' },
  { outcome: 'unknown', says: 'unknown: never settled by a rule, whatever covers it' },
]

function rules({ rules, workflows, cases }: Surface): Markup {
  const all = cases.open + rules.byOutcome.settled
  const titleOf = (workflow: string) => workflows.find((one) => one.workflow === workflow)?.title ?? workflow
  const parts = FATES.map(({ outcome }) => ({ name: outcome, value: rules.byOutcome[outcome] }))
  return html`<section><h2>What rules could settle</h2>
<p class="quiet">All ${n(all)} cases, open and settled, each in exactly one part. Which rule covers a record is what the receipt of the latest
change of its case says.</p>
<p>${bar(parts, all, FATES.map(({ outcome }) => `${outcome} ${n(rules.byOutcome[outcome])}`).join(', '))}</p>
${legend(
  FATES.map(({ outcome, says }) => ({
    name: outcome,
    says: html`<b>${n(rules.byOutcome[outcome])}</b> <span class="quiet">${percent(rules.byOutcome[outcome], all)}</span> ${says}`,
  })),
)}
${
  rules.couldSettle.length === 0
    ? null
    : html`<h3>Where they could</h3><table class="stack"><thead><tr><th>Workflow</th><th>Branch</th><th>Pattern</th><th class="number">Cases</th></tr></thead>
<tbody>${rules.couldSettle.map(
        (row) => html`<tr><td>${titleOf(row.workflow)}</td><td data-label="Branch">${row.branch}</td>
<td data-label="Pattern">${patternTitle(row.pattern)}</td><td class="number" data-label="Cases">${n(row.cases)}</td></tr>`,
      )}</tbody></table>`
}
${
  rules.repeated.length === 0
    ? null
    : html`<h3>Rules that are not written yet</h3><p class="quiet">Cases for which no rule exists, and at least five of them for the same reason.</p>
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
<dt>Watched record</dt><dd>A live record of an object that a running workflow is about, whether the scope of the workflow covers it or not. All
shares of records are of these.</dd>
<dt>Duplicate ownership</dt><dd>Two live records of the same person or account, by e-mail, domain, or phone with name, with different active owners, within a CRM or across two.</dd>
<dt>Stale territory</dt><dd>The territory or the owner is not what the territory table gives for the record as it is now.</dd>
<dt>Orphaned owner</dt><dd>The owner left, is not listed by the CRM any more, or is a queue without active members; or there is none where there must be one.</dd>
<dt>Missing field, stale field</dt><dd>A field that a workflow asks for is blank after its grace, or has not changed for as many business days as the workflow allows.</dd>
<dt>No rule, review by policy</dt><dd>The record waits for the workflow, and no row of the table covers it; or the policy leaves the branch to a person.</dd>
<dt>Ownership flapping</dt><dd>The owner changed back and forth within the hours that the workflow names.</dd>
<dt>Open pipeline</dt><dd>The sum of the open deals of the record’s account, in the CRM’s own currency and not converted.</dd>
<dt>Age</dt><dd>Since Lanekeeper first saw the case, not since it came to be in the CRM.</dd>
</dl></section>`
}

/** "2026-11-22 16:05", which means the same everywhere. */
function minute(iso: string): string {
  return iso.slice(0, 16).replace('T', ' ')
}
