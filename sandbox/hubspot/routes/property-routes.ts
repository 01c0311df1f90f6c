import { notFound } from '../portal/api-error.ts'
import type { ObjectType } from '../portal/object-type.ts'
import type { Portal } from '../portal/portal.ts'
import { propertyWire } from '../portal/property-definition.ts'
import {
  type ApiReply,
  type ApiRequest,
  boolParam,
  methodNotAllowed,
  NO_CONTENT,
  ok,
  typeOf,
} from '../wire/api-request.ts'

export function propertyRoute(portal: Portal, request: ApiRequest): ApiReply {
  const [typeName, name, groupName] = request.rest
  const type = typeOf(typeName)
  if (name === 'groups') return groupRoute(portal, type, groupName, request)
  if (name === undefined) {
    if (request.method === 'GET') {
      return ok({ results: portal.catalog.list(type.name, boolParam(request.query, 'archived')).map(propertyWire) })
    }
    if (request.method !== 'POST') throw methodNotAllowed()
    const allowUnique = type.name !== 'tasks' || portal.settings.taskUniqueProperty
    return { status: 201, json: propertyWire(portal.catalog.create(type.name, request.body, allowUnique)) }
  }
  const property = portal.catalog.find(type.name, name)
  switch (request.method) {
    case 'GET':
      if (property === undefined) throw notFound(`Property ${name} does not exist`)
      return ok(propertyWire(property))
    case 'PATCH': {
      const updated = portal.catalog.update(type.name, name, request.body)
      if (updated === undefined) throw notFound(`Property ${name} does not exist`)
      return ok(propertyWire(updated))
    }
    case 'DELETE':
      portal.catalog.archive(type.name, name)
      return NO_CONTENT
    default:
      throw methodNotAllowed()
  }
}

function groupRoute(portal: Portal, type: ObjectType, name: string | undefined, request: ApiRequest): ApiReply {
  const wire = (group: { name: string; label: string }) => ({ ...group, displayOrder: -1, archived: false })
  if (request.method === 'POST' && name === undefined) {
    const group = { name: String(request.body.name), label: String(request.body.label) }
    portal.catalog.addGroup(type.name, group.name, group.label)
    return { status: 201, json: wire(group) }
  }
  if (request.method !== 'GET') throw methodNotAllowed()
  const groups = portal.catalog.groups(type.name)
  if (name === undefined) return ok({ results: groups.map(wire) })
  const found = groups.find((group) => group.name === name)
  if (found === undefined) throw notFound(`Group ${name} does not exist`)
  return ok(wire(found))
}
