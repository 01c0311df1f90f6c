import { ApiError } from '../portal/api-error.ts'
import { findObjectType } from '../portal/object-type.ts'
import type { Portal } from '../portal/portal.ts'
import { HOME_CURRENCY } from '../portal/property-definition.ts'
import { associationRoute } from '../routes/association-routes.ts'
import { objectRoute } from '../routes/object-routes.ts'
import { ownerRoute } from '../routes/owner-routes.ts'
import { propertyRoute } from '../routes/property-routes.ts'
import type { ApiPath } from '../wire/api-path.ts'
import { type ApiReply, type ApiRequest, methodNotAllowed, NO_CONTENT, ok } from '../wire/api-request.ts'
import type { Caller, CredentialStore, TokenCheck } from '../wire/credentials.ts'

/** Every call that needs a token. */
export function apiRoute(portal: Portal, credentials: CredentialStore, path: ApiPath, request: ApiRequest): ApiReply {
  const scopes = neededScopes(path, request)
  if (scopes.length > 0 && !scopes.some((scope) => has(portal, request.caller, scope))) throw missingScope(scopes[0]!)
  switch (path.family) {
    case 'objects':
      return objectRoute(portal, request)
    case 'associations':
      return associationRoute(portal, request)
    case 'owners':
      return ownerRoute(portal, request)
    case 'properties':
      return propertyRoute(portal, request)
    case 'account':
      if (request.method !== 'GET') throw methodNotAllowed()
      return ok(accountDetails(portal))
    case 'install':
      if (request.method !== 'DELETE') throw methodNotAllowed()
      credentials.revokeAll()
      return NO_CONTENT
    case 'oauth':
      throw methodNotAllowed()
  }
}

export function unauthorized(check: Exclude<TokenCheck, { caller: unknown }> | null): ApiError {
  return check?.refused === 'expired'
    ? new ApiError(401, 'EXPIRED_AUTHENTICATION', 'The OAuth token used to make this call has expired.')
    : new ApiError(
        401,
        'INVALID_AUTHENTICATION',
        'Authentication credentials not found. This API supports OAuth 2.0 authentication.',
      )
}

export function missingScope(scope: string): ApiError {
  const message = 'This app has not been granted all required scopes to make this call.'
  const detail = 'One or more of the following scopes are required.'
  return new ApiError(403, 'MISSING_SCOPES', message, {
    errors: [{ message: detail, context: { requiredGranularScopes: [scope] } }],
  })
}

/** A static token has every scope of its app, an OAuth token those of the consent. */
function has(portal: Portal, { scopes }: Caller, scope: string): boolean {
  return !portal.settings.missingScopes.includes(scope) && (scopes === null || scopes.includes(scope))
}

/** One of these scopes is enough. Batch reads and searches count as reads although they are POSTs. */
export function neededScopes({ family, rest }: ApiPath, { method }: { readonly method: string }): string[] {
  const type = rest[0] === undefined ? undefined : findObjectType(rest[0])
  const reads = method === 'GET' || rest[1] === 'search' || rest.at(-1) === 'read'
  switch (family) {
    case 'owners':
      return ['crm.objects.owners.read']
    case 'objects':
    case 'associations':
      return type === undefined ? [] : [`crm.objects.${type.scope}.${reads ? 'read' : 'write'}`]
    case 'properties':
      if (type === undefined) return []
      if (reads) return [`crm.objects.${type.scope}.read`, `crm.schemas.${type.name}.read`]
      return [`crm.schemas.${type.name}.write`]
    default:
      return []
  }
}

function accountDetails(portal: Portal): Record<string, unknown> {
  const { accountType, timeZone, uiDomain, dataHostingLocation } = portal.settings
  const offsetMs = zoneOffsetMs(timeZone, portal.now())
  return {
    portalId: portal.portalId,
    accountType,
    timeZone,
    companyCurrency: HOME_CURRENCY,
    additionalCurrencies: ['USD', 'JPY'],
    utcOffset: `${offsetMs < 0 ? '-' : '+'}${new Date(Math.abs(offsetMs)).toISOString().slice(11, 16)}`,
    utcOffsetMilliseconds: offsetMs,
    uiDomain,
    dataHostingLocation,
  }
}

/** How far the zone is ahead of UTC at this moment. */
function zoneOffsetMs(timeZone: string, atMs: number): number {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' }).formatToParts(atMs)
  const [, sign = '+', hours = '0', minutes = '0'] =
    /GMT([+-])(\d{2}):(\d{2})/.exec(parts.find((part) => part.type === 'timeZoneName')?.value ?? '') ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000
}
