import type { FieldDefinition } from '../catalog/object-definition.ts'
import { ApiError } from '../org/api-error.ts'
import { updateRecord } from '../org/dml.ts'
import { formatDateTime } from '../org/field-value.ts'
import { isLive, type Org, objectOfId, textOf } from '../org/org.ts'
import { personWriter } from '../org/org-actions.ts'
import { normaliseId } from '../org/record-id.ts'
import type { StoredRecord } from '../org/record-store.ts'
import { type HttpAnswer, html } from '../wire/http-answer.ts'
import { escapeHtml, page } from '../wire/page-layout.ts'

const SEARCHED = ['Lead', 'Account', 'Contact', 'Opportunity'] as const
const SEARCH_MAX = 60
const TASKS_MAX = 200

/** The pages of the org: people with their tasks, records and search, as the CRM's users see them. */
export class SandboxPage {
  private readonly org: Org
  /** Sent with every form, so that another site in the same browser cannot press the buttons. */
  private readonly formKey: string

  constructor(org: Org, formKey: string) {
    this.org = org
    this.formKey = formKey
  }

  handle(method: string, url: URL, body: string): HttpAnswer {
    const [head, second] = url.pathname.split('/').filter((part) => part !== '')
    if (method === 'POST' && head === 'complete' && second) return this.complete(second, new URLSearchParams(body))
    if (method !== 'GET') return html(405, page('Not allowed', '<h1>Not allowed</h1>'))
    if (head === undefined) return html(200, this.home())
    if (head === 'search') return html(200, this.search(url.searchParams.get('q') ?? ''))
    // Salesforce's own links: /<id> and /lightning/r/<Object>/<id>/view.
    const id = normaliseId(head === 'lightning' ? (url.pathname.split('/')[4] ?? '') : head)
    return (id && this.record(id)) || html(404, page('Not found', '<h1>This record does not exist</h1>'))
  }

  private complete(rawId: string, form: URLSearchParams): HttpAnswer {
    const id = normaliseId(rawId)
    const task = id ? this.org.store.get('Task', id) : undefined
    if (!task || form.get('key') !== this.formKey)
      return html(403, page('Refused', '<h1>This form has expired. Reload the page</h1>'))
    const closed = [...this.org.store.table('TaskStatus').values()].find((status) => status.IsClosed === true)
    const owner = textOf(task, 'OwnerId')
    const userId = owner.startsWith('005') ? owner : textOf(task, 'CreatedById')
    try {
      updateRecord(this.org, personWriter(userId), this.org.catalog.get('Task')!, task.Id, { Status: closed?.ApiName })
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return html(409, page('Not saved', `<h1>Not saved</h1><p>${escapeHtml(error.message)}</p>`))
    }
    return { status: 303, headers: { location: `/${owner}` } }
  }

  private home(): string {
    const open = new Map<string, number>()
    let tasks = 0
    for (const task of this.org.store.table('Task').values()) {
      if (!isLive(task) || task.IsClosed === true) continue
      tasks++
      open.set(textOf(task, 'OwnerId'), (open.get(textOf(task, 'OwnerId')) ?? 0) + 1)
    }
    const owners = [...this.org.store.table('User').values(), ...this.org.store.table('Group').values()]
    owners.sort(
      (a, b) => (open.get(b.Id) ?? 0) - (open.get(a.Id) ?? 0) || textOf(a, 'Name').localeCompare(textOf(b, 'Name')),
    )
    const cards = owners.map((owner) => {
      const count = open.get(owner.Id) ?? 0
      const kind = owner.Type === 'Queue' ? 'Queue' : textOf(owner, 'Title') || 'User'
      const left = owner.IsActive === false && owner.Type !== 'Queue' && owner.Id.startsWith('005')
      const chip = left ? '<span class="chip off">Left</span>' : `<span class="chip">${count} open</span>`
      return `<li class="card"><div class="row"><h3>${link(owner)}</h3>${chip}</div><span class="soft">${escapeHtml(kind)}</span></li>`
    })
    const intro = `<h1>Tasks by owner</h1><p class="soft">${tasks} open ${tasks === 1 ? 'task' : 'tasks'} in the org. Choose a person to see their tasks.</p>`
    return page('People', `${intro}<ul class="grid">${cards.join('')}</ul>`)
  }

  private search(text: string): string {
    const wanted = text.trim().toLowerCase()
    const hits: string[] = []
    for (const object of SEARCHED) {
      for (const record of this.org.store.table(object).values()) {
        if (hits.length >= SEARCH_MAX || wanted === '') break
        const haystack = ['Name', 'Company', 'Email', 'Website', 'Id'].map((field) => textOf(record, field)).join('\n')
        if (isLive(record) && haystack.toLowerCase().includes(wanted)) hits.push(this.hit(object, record))
      }
    }
    const count =
      hits.length >= SEARCH_MAX
        ? `The first ${SEARCH_MAX} records`
        : `${hits.length} ${hits.length === 1 ? 'record' : 'records'}`
    const body = `<h1>${escapeHtml(text || 'Search')}</h1><p class="soft">${count}</p><ul class="grid">${hits.join('')}</ul>`
    return page(`Search ${text}`, body, text)
  }

  private hit(object: string, record: StoredRecord): string {
    const about = [textOf(record, 'Company') || textOf(record, 'Website'), textOf(record, 'Email')].filter(
      (part) => part !== '',
    )
    return `<li class="card"><div class="row"><h3>${link(record)}</h3><span class="chip">${object}</span></div><span class="soft">${escapeHtml(about.join(' · '))}</span></li>`
  }

  private record(id: string): HttpAnswer | null {
    const object = objectOfId(this.org, id)
    const record = object ? this.org.store.get(object.name, id) : undefined
    if (!object || !record) return null
    const name = textOf(record, 'Name') || textOf(record, 'Subject') || id
    const gone = record.IsDeleted === true ? ' <span class="chip off">In the recycle bin</span>' : ''
    const isOwner = object.name === 'User' || object.name === 'Group'
    const tasks =
      object.name === 'Task'
        ? [record]
        : this.tasks((task) => (isOwner ? task.OwnerId === id : task.WhoId === id || task.WhatId === id))
    const fields = [...object.fields.values()]
      .filter((field) => (record[field.name] ?? null) !== null && field.type !== 'address')
      .map((field) => `<dt>${escapeHtml(field.name)}</dt><dd>${this.value(field, record)}</dd>`)
    const title = `<h1>${escapeHtml(name)}${gone}</h1><p class="soft">${object.label}${isOwner ? `, ${escapeHtml(textOf(record, 'Email') || 'no e-mail')}` : ''}</p>`
    const tasksPart = isOwner || tasks.length > 0 ? `<h2>Tasks</h2>${this.taskList(tasks)}` : ''
    return html(200, page(name, `${title}${tasksPart}<h2>Details</h2><dl class="card">${fields.join('')}</dl>`))
  }

  private tasks(fits: (task: StoredRecord) => boolean): StoredRecord[] {
    const found = [...this.org.store.table('Task').values()].filter((task) => isLive(task) && fits(task))
    // Open tasks first, the earliest due date on top.
    const key = (task: StoredRecord): string =>
      `${task.IsClosed === true ? 1 : 0}${textOf(task, 'ActivityDate') || '9999'}`
    return found.sort((a, b) => (key(a) < key(b) ? -1 : 1)).slice(0, TASKS_MAX)
  }

  private taskList(tasks: readonly StoredRecord[]): string {
    if (tasks.length === 0) return '<p class="soft">No tasks.</p>'
    return `<ul class="tasks">${tasks.map((task) => this.task(task)).join('')}</ul>`
  }

  private task(task: StoredRecord): string {
    const done = task.IsClosed === true
    const due = textOf(task, 'ActivityDate')
    const late = !done && due !== '' && due < new Date(this.org.clock.now()).toISOString().slice(0, 10)
    const owner =
      this.org.store.get('User', textOf(task, 'OwnerId')) ?? this.org.store.get('Group', textOf(task, 'OwnerId'))
    const links = [textOf(task, 'WhoId'), textOf(task, 'WhatId')].flatMap((id) => {
      const object = id === '' ? undefined : objectOfId(this.org, id)
      const record = object && this.org.store.get(object.name, id)
      return record && object ? [`${object.label}: ${link(record)}`] : []
    })
    const meta = [
      `<span class="chip${done ? ' done' : ''}">${escapeHtml(textOf(task, 'Status'))}</span>`,
      task.IsHighPriority === true ? '<span class="chip late">High priority</span>' : '',
      due === '' ? '' : `<span class="chip${late ? ' late' : ''}">Due ${due}${late ? ', late' : ''}</span>`,
      ...links.map((text) => `<span>${text}</span>`),
      owner ? `<span class="soft">Owner: ${link(owner)}</span>` : '',
    ]
    const button = done
      ? ''
      : `<form method="post" action="/complete/${task.Id}"><input type="hidden" name="key" value="${this.formKey}"><button>Complete</button></form>`
    const description = textOf(task, 'Description')
    const body = description === '' ? '' : `<div class="body">${escapeHtml(description)}</div>`
    const subject = `<a href="/${task.Id}">${escapeHtml(textOf(task, 'Subject') || 'No subject')}</a>`
    return `<li class="card"><h3>${subject}</h3><div class="meta">${meta.join('')}</div>${body}${button}</li>`
  }

  private value(field: FieldDefinition, record: StoredRecord): string {
    const value = record[field.name] ?? null
    if (typeof value === 'number' && field.type === 'datetime') return escapeHtml(formatDateTime(value))
    if (field.type === 'reference' && typeof value === 'string') {
      const object = objectOfId(this.org, value)
      const target = object && this.org.store.get(object.name, value)
      if (target) return link(target)
    }
    return escapeHtml(String(value))
  }
}

function link(record: StoredRecord): string {
  return `<a href="/${record.Id}">${escapeHtml(textOf(record, 'Name') || textOf(record, 'Subject') || record.Id)}</a>`
}
