import { notFound } from '../portal/api-error.ts'
import type { Portal } from '../portal/portal.ts'
import {
  type ApiReply,
  type ApiRequest,
  afterParam,
  boolParam,
  limitParam,
  methodNotAllowed,
  ok,
} from '../wire/api-request.ts'

const PAGE_MAX = 500

/** Owners are read-only. Archived owners have a list of their own. */
export function ownerRoute(portal: Portal, { method, rest, query }: ApiRequest): ApiReply {
  if (method !== 'GET') throw methodNotAllowed()
  const archived = boolParam(query, 'archived')
  const [id] = rest
  if (id !== undefined) {
    const owner = query.get('idProperty') === 'userId' ? portal.owners.byUserId(Number(id)) : portal.owners.byId(id)
    if (owner === undefined || owner.archived !== archived) throw notFound('resource not found')
    return ok(portal.owners.wire(owner))
  }
  const email = query.get('email')?.toLowerCase()
  const owners = portal.owners
    .listed()
    .filter((owner) => owner.archived === archived && (email === undefined || owner.email.toLowerCase() === email))
  const start = afterParam(query.get('after'))
  const end = start + limitParam(query, { fallback: 100, max: PAGE_MAX })
  return ok({
    results: owners.slice(start, end).map((owner) => portal.owners.wire(owner)),
    ...(end < owners.length ? { paging: { next: { after: String(end), link: `?after=${end}` } } } : {}),
  })
}
