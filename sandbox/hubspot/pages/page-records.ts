import { OBJECT_TYPES, type ObjectType, type ObjectTypeName, objectType } from '../portal/object-type.ts'
import type { Portal } from '../portal/portal.ts'
import { historyOf, refOf, type StoredRecord, wireValue } from '../portal/stored-record.ts'
import { type HtmlPart, html } from '../wire/html.ts'
import { framed, when } from './page-frame.ts'
import { taskCard } from './page-tasks.ts'
import { recordTitle } from './record-title.ts'

const PAGE = 50

/** A phone shows the name and the first of these. */
const COLUMNS: Readonly<Record<ObjectTypeName, readonly string[]>> = {
  contacts: ['hubspot_owner_id', 'email', 'territory', 'country'],
  companies: ['hubspot_owner_id', 'domain', 'territory', 'country'],
  deals: ['hubspot_owner_id', 'dealstage', 'amount', 'closedate'],
  tasks: ['hubspot_owner_id', 'hs_task_status', 'hs_timestamp', 'hs_task_priority'],
}

export function recordListPage(portal: Portal, type: ObjectType, query: URLSearchParams): string {
  const text = (query.get('q') ?? '').trim()
  const from = Math.max(0, Number.parseInt(query.get('from') ?? '0', 10) || 0)
  const wanted = text.toLowerCase()
  const found: StoredRecord[] = []
  let total = 0
  for (const record of portal.list(type.name)) {
    if (wanted !== '' && record.id !== wanted && !fits(record, wanted)) continue
    total += 1
    if (total > from && found.length < PAGE) found.push(record)
  }
  const columns = COLUMNS[type.name]
  const link = (at: number): string => `/${type.name}?${new URLSearchParams({ q: text, from: String(at) })}`
  const main = html`<h1>${headline(type)}</h1>
<p class="muted small">${total.toLocaleString('en')} ${text === '' ? 'in all' : `found for “${text}”`}</p>
<div class="card"><table><thead><tr><th scope="col">Name</th>${columns.map(
    (name, at) =>
      html`<th scope="col" class="${at > 0 ? 'wide' : ''}">${portal.catalog.find(type.name, name)?.label ?? name}</th>`,
  )}</tr></thead><tbody>${found.map(
    (record) =>
      html`<tr><td><a href="/${record.type}/${record.id}">${recordTitle(record)}</a></td>${columns.map(
        (name, at) =>
          html`<td class="${at > 0 ? 'wide' : ''}">${shownValue(portal, record.type, name, wireValue(record, name))}</td>`,
      )}</tr>`,
  )}</tbody></table></div>
<div class="pages"><span>${from > 0 ? html`<a href="${link(Math.max(0, from - PAGE))}">Earlier</a>` : ''}</span>
<span>${from + PAGE < total ? html`<a href="${link(from + PAGE)}">More</a>` : ''}</span></div>`
  const active = type.name
  return framed(portal, { title: headline(type), active, query: text }, main)
}

export function recordPage(portal: Portal, record: StoredRecord): string {
  const ref = refOf(record)
  const type = objectType(record.type)
  const linked = OBJECT_TYPES.filter(({ name }) => name !== 'tasks').flatMap(({ name }) =>
    [...portal.associations.of(ref, name).keys()].flatMap((id) => portal.get({ type: name, id }) ?? []),
  )
  const tasks = [...portal.associations.of(ref, 'tasks').keys()].flatMap(
    (id) => portal.get({ type: 'tasks', id }) ?? [],
  )
  const names = Object.keys(record.properties).filter((name) => record.properties[name] !== '')
  const main = html`<p class="small"><a href="${type.name === 'tasks' ? '/' : `/${type.name}`}">${headline(type)}</a></p>
<h1>${recordTitle(record)}</h1>
<p class="muted small">${type.singular} ${record.id} · made ${when(record.createdAtMs)} · changed ${when(record.updatedAtMs)}</p>
${record.type === 'tasks' ? taskCard(portal, record, `/tasks/${record.id}`) : ''}
${
  linked.length === 0
    ? ''
    : html`<h2>Linked</h2><div class="facts">${linked.map(
        (other) => html`<a href="/${other.type}/${other.id}">${recordTitle(other)}</a>`,
      )}</div>`
}
${tasks.length === 0 ? '' : html`<h2>Tasks</h2>${tasks.map((task) => taskCard(portal, task, `/${record.type}/${record.id}`))}`}
<h2>Properties</h2>
<div class="card"><table class="stack"><tbody>${names.toSorted().map((name) => propertyRow(portal, record, name))}</tbody></table></div>`
  return framed(portal, { title: recordTitle(record), active: record.type, query: '' }, main)
}

function propertyRow(portal: Portal, record: StoredRecord, name: string): HtmlPart {
  const history = historyOf(record, name)
  return html`<tr><th scope="row">${portal.catalog.find(record.type, name)?.label ?? name}<br><code class="small">${name}</code></th>
<td>${shownValue(portal, record.type, name, wireValue(record, name))}${
    history.length < 2
      ? ''
      : html`<details><summary>${history.length} values so far</summary><ol class="history">${history.map(
          (entry) =>
            html`<li>${shownValue(portal, record.type, name, entry.value)} — ${when(entry.atMs)}, ${author(portal, entry)}</li>`,
        )}</ol></details>`
  }</td></tr>`
}

function author(
  portal: Portal,
  { sourceType, sourceId, userId }: { sourceType: string; sourceId: string; userId: number | null },
): string {
  if (userId !== null) return portal.owners.byUserId(userId)?.email ?? sourceId
  return sourceType === 'INTEGRATION' ? `app ${sourceId}` : sourceType.toLowerCase()
}

/** Owner ids as names, options by their label, instants in the portal's time zone. */
function shownValue(portal: Portal, type: ObjectTypeName, name: string, value: string | undefined): HtmlPart {
  if (value === undefined || value === '') return html`<span class="muted">–</span>`
  if (name === 'hubspot_owner_id') {
    const owner = portal.owners.byId(value)
    if (owner === undefined) return value
    return `${owner.firstName} ${owner.lastName}${owner.archived ? ' (has left)' : ''}`
  }
  const option = portal.catalog.find(type, name)?.options.find((candidate) => candidate.value === value)
  if (option !== undefined) return option.label
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value) && Number.isFinite(Date.parse(value))
    ? when(Date.parse(value))
    : value
}

function fits(record: StoredRecord, wanted: string): boolean {
  const { email, phone, domain, company, dealname, hs_task_subject } = record.properties
  return [recordTitle(record), email, phone, domain, company, dealname, hs_task_subject].some((text) =>
    text?.toLowerCase().includes(wanted),
  )
}

function headline(type: ObjectType): string {
  return type.name.charAt(0).toUpperCase() + type.name.slice(1)
}
