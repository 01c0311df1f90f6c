import type { HubSpotOwner } from '../../world/records/world.ts'
import { OBJECT_TYPES } from '../portal/object-type.ts'
import type { Portal } from '../portal/portal.ts'
import { refOf, type StoredRecord, wireValue } from '../portal/stored-record.ts'
import { type HtmlPart, html, trusted } from '../wire/html.ts'
import { framed, when } from './page-frame.ts'
import { recordTitle } from './record-title.ts'

/** Keeps the page small. */
const SHOWN_MAX = 100

const isDone = (task: StoredRecord): boolean => task.properties.hs_task_status === 'COMPLETED'
const dueMs = (task: StoredRecord): number => Date.parse(task.properties.hs_timestamp ?? '')
const nameOf = (owner: HubSpotOwner): string => `${owner.firstName} ${owner.lastName}`.trim() || owner.email

export function tasksPage(portal: Portal, query: URLSearchParams): string {
  const openByOwner = new Map<string, number>()
  const tasks = [...portal.list('tasks')]
  for (const task of tasks) {
    const owner = task.properties.hubspot_owner_id ?? ''
    if (!isDone(task)) openByOwner.set(owner, (openByOwner.get(owner) ?? 0) + 1)
  }
  const owners = portal.owners
    .all()
    .filter((owner) => !owner.archived || openByOwner.has(owner.id))
    .toSorted((a, b) => (openByOwner.get(b.id) ?? 0) - (openByOwner.get(a.id) ?? 0) || (nameOf(a) < nameOf(b) ? -1 : 1))
  const chosen = owners.find((owner) => owner.id === query.get('owner')) ?? owners[0]
  const done = query.get('show') === 'done'
  const shown = tasks
    .filter((task) => task.properties.hubspot_owner_id === chosen?.id && isDone(task) === done)
    .toSorted((a, b) => (done ? b.updatedAtMs - a.updatedAtMs : dueMs(a) - dueMs(b)))
  const here = `/?owner=${chosen?.id ?? ''}${done ? '&show=done' : ''}`
  const label = (owner: HubSpotOwner): string => {
    const open = openByOwner.get(owner.id) ?? 0
    return open === 0 ? nameOf(owner) : `${nameOf(owner)} (${open})`
  }
  const current = (is: boolean): HtmlPart => (is ? trusted('aria-current="page"') : '')
  const main = html`<div class="two">
<section aria-label="Owners">
<form class="pick"><select name="owner" aria-label="Owner" onchange="this.form.submit()">${owners.map(
    (owner) =>
      html`<option value="${owner.id}" ${owner === chosen ? trusted('selected') : ''}>${label(owner)}</option>`,
  )}</select><button>Show</button></form>
<ul class="people">${owners.map(
    (owner) => html`<li><a href="/?owner=${owner.id}" ${current(owner === chosen)}><span>${nameOf(owner)}</span>
<span class="muted">${openByOwner.get(owner.id) ?? ''}</span></a></li>`,
  )}</ul>
</section>
<section aria-label="Tasks">
<h1>${chosen === undefined ? 'Tasks' : nameOf(chosen)}</h1>
<div class="muted small">${chosen?.email ?? ''}${chosen?.archived ? ' · has left' : ''}</div>
<div class="tabs"><a href="/?owner=${chosen?.id}" ${current(!done)}>Open</a>
<a href="/?owner=${chosen?.id}&show=done" ${current(done)}>Completed</a></div>
${
  shown.length === 0
    ? html`<p class="muted">${done ? 'No completed tasks yet.' : 'No open tasks. New tasks appear here automatically.'}</p>`
    : shown.slice(0, SHOWN_MAX).map((task) => taskCard(portal, task, here))
}
${shown.length > SHOWN_MAX ? html`<p class="muted">${shown.length - SHOWN_MAX} more are not shown.</p>` : ''}
</section>
</div>`
  return framed(portal, { title: 'Tasks', active: 'tasks', query: '' }, main)
}

export function taskCard(portal: Portal, task: StoredRecord, back: string): HtmlPart {
  const due = dueMs(task)
  const done = isDone(task)
  const late = !done && due < portal.now()
  const linked = OBJECT_TYPES.flatMap(({ name }) =>
    [...portal.associations.of(refOf(task), name).keys()].flatMap((id) => portal.get({ type: name, id }) ?? []),
  )
  const owner = portal.owners.byId(task.properties.hubspot_owner_id ?? '')
  return html`<article class="card">
<div class="head"><h3><a href="/tasks/${task.id}">${task.properties.hs_task_subject || 'Task without a subject'}</a></h3>
<form method="post" action="/tasks/${task.id}/status"><input type="hidden" name="back" value="${back}">
<input type="hidden" name="to" value="${done ? 'NOT_STARTED' : 'COMPLETED'}"><button>${done ? 'Reopen' : 'Complete'}</button></form></div>
<div class="facts small muted">
<span>${done ? html`<span class="ok">Completed</span>` : late ? html`<span class="late">Was due ${when(due)}</span>` : `Due ${when(due)}`}</span>
${task.properties.hs_task_priority === 'HIGH' ? html`<span class="high">High priority</span>` : ''}
<span>${owner === undefined ? 'Nobody’s' : nameOf(owner)}</span>
${linked.map((record) => html`<a href="/${record.type}/${record.id}">${recordTitle(record)}</a>`)}
</div>
<div class="body">${plainText(wireValue(task, 'hs_task_body') ?? '')}</div>
</article>`
}

/** Task bodies may hold HTML. The page shows their text. */
function plainText(body: string): string {
  return body
    .replace(/<\s*(br|\/p|\/li|\/div|\/h\d)\b[^>]*>/gi, '\n')
    .replace(/<li\b[^>]*>/gi, '• ')
    .replace(/<[^>]*>/g, '')
    .replace(/&nbsp;/g, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&')
    .trim()
}
