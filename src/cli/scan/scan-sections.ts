import { patternTitle } from '../../api/cases/pattern-titles.ts'
import { EXCEPTION_CLASSES } from '../../model/classes/class.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import { n, percent } from '../../model/surface/numbers.ts'
import type { Rest, Surface, WorstCase } from '../../model/surface/surface.ts'
import { bar, classParts } from './scan-bars.ts'
import { html, type Markup } from './scan-markup.ts'

/** Who owns the records, and who owns the cases. */
export function ownersSection({ recordOwners, caseOwners, moreRecordOwners, moreCaseOwners }: Surface): Markup {
  const mostRecords = Math.max(...recordOwners.map((owner) => owner.cases), 1)
  const mostCases = Math.max(...caseOwners.map((owner) => owner.cases), 1)
  return html`<section><h2>Owners</h2>
<p class="quiet">Where the cases are. This does not measure performance: owners of more records have more cases. A person in two CRMs
is one line, matched by e-mail.</p>
<div class="two"><div><h3>Who owns the records</h3>
<p class="quiet">Open cases by current record owner; then records with a case, of all watched records of that owner.</p>
<div class="bars">${recordOwners.map(
    (
      owner,
    ) => html`<div class="row"><span>${owner.name}${owner.state === 'active' || owner.state === 'nobody' ? null : html` <span class="quiet">${owner.state}</span>`}</span>
${bar([{ name: 'own', value: owner.cases }], mostRecords, `${owner.name}: ${n(owner.cases)} cases`)}
<span class="number">${n(owner.cases)} <span class="quiet">${n(owner.records)} of ${n(owner.owned)}</span></span></div>`,
  )}</div>${rest(moreRecordOwners)}</div>
<div><h3>Who owns the cases</h3>
<p class="quiet">Open cases by case owner, colored by class; then overdue cases.</p>
<div class="bars">${caseOwners.map(
    (
      owner,
    ) => html`<div class="row"><span>${owner.name}${owner.isActive ? null : html` <span class="quiet">left</span>`}</span>
${bar(
  classParts(owner.byClass),
  mostCases,
  `${owner.name}: ${EXCEPTION_CLASSES.map((name) => `${n(owner.byClass[name])} ${name}`).join(', ')}`,
)}
<span class="number">${n(owner.cases)} <span class="quiet">${n(owner.overdue)} overdue</span></span></div>`,
  )}</div>${rest(moreCaseOwners)}</div></div></section>`
}

function rest({ owners, cases }: Rest): Markup | null {
  if (owners <= 0) return null
  return html`<p class="quiet">and ${n(owners)} more with ${n(cases)} ${cases === 1 ? 'case' : 'cases'}</p>`
}

export function worstSection({ worst, takenAt }: Surface): Markup {
  const found = worst.length
  return html`<section><h2>${found === 20 ? 'The twenty worst cases' : 'The worst cases'}</h2>
<p class="quiet">Sorted by class (revenue-impacting, customer-facing, unknown, risky, expected), then by the open pipeline of the record’s
account, then by age.</p>
${found === 0 ? html`<p>No open cases.</p>` : html`<ol class="worst">${worst.map((one) => worstCase(one, takenAt))}</ol>`}</section>`
}

function worstCase(one: WorstCase, takenAt: string): Markup {
  const noun = objectShape(one.crm, one.objectType)?.noun ?? one.objectType
  const crm = crmProfile(one.crm).title
  const days = Math.floor((Date.parse(takenAt) - Date.parse(one.openedAt)) / 86_400_000)
  const age = days < 1 ? 'since today' : days === 1 ? 'since yesterday' : `for ${n(days)} days`
  return html`<li><b>${one.recordUrl === null ? one.title : html`<a href="${one.recordUrl}" rel="noreferrer">${one.title}</a>`}</b>
<span class="quiet">${crm} ${noun}</span>
<p>${one.what}</p>
<p class="quiet"><span class="tag"><span class="dot ${one.class}"></span>${one.class}</span>, ${patternTitle(one.pattern)}. ${one.classBecause}</p>
<p class="quiet">${one.openPipeline === null ? 'No account' : `${n(Math.round(one.openPipeline))} in open pipeline`}; owner ${one.owner},
open ${age}, due ${one.dueAt.slice(0, 10)}</p></li>`
}

export function fieldsSection({ fields, sources }: Surface): Markup {
  return html`<section><h2>Fields and sources</h2>
<p class="quiet">Every field that a running workflow requires. Missing and stale count open cases. Blank counts all live records of the
object with an empty field, in or out of scope; a field that must only be fresh may be blank.</p>
${
  fields.length === 0
    ? html`<p>No running workflow requires a field.</p>`
    : html`<table class="stack"><thead><tr><th>Field</th><th>Object</th><th class="number">Missing</th><th class="number">Stale</th><th class="number">Blank</th></tr></thead>
<tbody>${fields.map(
        (
          field,
        ) => html`<tr><td>${field.field}</td><td data-label="Object">${field.objectType} <span class="quiet">${field.connection}</span></td>
${
  field.isUnreadable
    ? html`<td class="number" data-label="Missing">no access</td><td class="number" data-label="Stale">unknown</td><td class="number" data-label="Blank">unknown</td>`
    : html`<td class="number" data-label="Missing">${n(field.missing)}</td><td class="number" data-label="Stale">${n(field.stale)}</td>
<td class="number" data-label="Blank">${n(field.blank)} <span class="quiet">${percent(field.blank, field.records)}</span></td>`
}</tr>`,
      )}</tbody></table>`
}
<h3>Record sources</h3>
<p class="quiet">By the source that the CRM reports: records with a missing or stale field, of all records from that source.</p>
${sources.map(
  (
    source,
  ) => html`<p><b>${source.objectType}</b> <span class="quiet">${source.connection}${source.notRead === null ? `, by ${source.field}` : null}</span>
${source.notRead === null ? null : html`<br>${source.notRead}`}</p>
${
  source.bySource.length === 0
    ? null
    : html`<div class="bars">${source.bySource.map(
        (row) => html`<div class="row"><span>${row.source}</span>
${bar([{ name: 'own', value: row.weak }], Math.max(row.records, 1), `${row.source}: ${n(row.weak)} of ${n(row.records)} records`)}
<span class="number">${n(row.weak)} <span class="quiet">of ${n(row.records)}</span></span></div>`,
      )}</div>`
}`,
)}</section>`
}
