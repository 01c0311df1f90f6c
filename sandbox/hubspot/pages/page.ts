import { person } from '../portal/actor.ts'
import { ApiError } from '../portal/api-error.ts'
import { findObjectType } from '../portal/object-type.ts'
import type { Portal } from '../portal/portal.ts'
import type { ApiReply } from '../wire/api-request.ts'
import type { CredentialStore } from '../wire/credentials.ts'
import { html } from '../wire/html.ts'
import { framed } from './page-frame.ts'
import { parsePagePath } from './page-path.ts'
import { recordListPage, recordPage } from './page-records.ts'
import { tasksPage } from './page-tasks.ts'

/** The pages of the portal: tasks by owner, records, and a button that completes a task as its owner would. */
export function pageRoute(
  { portal, credentials }: { readonly portal: Portal; readonly credentials: CredentialStore },
  method: string,
  url: URL,
  raw: Buffer,
  origin: { readonly host: string; readonly origin: string | undefined },
): ApiReply {
  const [first = '', second, third] = url.pathname.split('/').slice(1)
  if (method === 'POST' && first === 'tasks' && second !== undefined && third === 'status') {
    // A page of another site in the same browser must not be able to press the button.
    if (origin.origin !== undefined && origin.origin !== `http://${origin.host}`)
      return { status: 403, html: 'Forbidden' }
    return setStatus(portal, second, new URLSearchParams(raw.toString('utf8')), credentials.userId)
  }
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, html: 'Method not allowed' }
  if (first === '') return { status: 200, html: tasksPage(portal, url.searchParams) }
  const path = parsePagePath(url.pathname)
  const type = findObjectType(path.type)
  if (type !== undefined && path.id === null) {
    return { status: 200, html: recordListPage(portal, type, url.searchParams) }
  }
  const record = type === undefined || path.id === null ? undefined : portal.get({ type: type.name, id: path.id })
  if (record !== undefined) return { status: 200, html: recordPage(portal, record) }
  const text = html`<h1>Nothing here</h1><p class="muted">This record does not exist, was merged away, or was deleted.</p>`
  return { status: 404, html: framed(portal, { title: 'Nothing here', active: null, query: '' }, text) }
}

/** Writes as the task's owner, like any other change, so the app gets its webhook. */
function setStatus(portal: Portal, id: string, form: URLSearchParams, fallbackUserId: number): ApiReply {
  const task = portal.get({ type: 'tasks', id })
  if (task === undefined) return { status: 404, html: 'This task no longer exists.' }
  const owner = portal.owners.byId(task.properties.hubspot_owner_id ?? '')
  try {
    portal.update({ type: 'tasks', id }, { hs_task_status: form.get('to') }, person(owner?.userId ?? fallbackUserId))
  } catch (error) {
    if (error instanceof ApiError) return { status: 400, html: 'This status does not exist.' }
    throw error
  }
  const back = form.get('back') ?? '/'
  return { status: 303, headers: { location: back.startsWith('/') && !back.startsWith('//') ? back : '/' } }
}
