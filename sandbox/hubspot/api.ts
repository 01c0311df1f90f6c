import { ApiError } from './api-error.ts'
import type { ApiPath } from './api-path.ts'
import { type ApiReply, type ApiRequest, methodNotAllowed, NO_CONTENT, ok } from './api-request.ts'
import { associationRoute } from './association-routes.ts'
import type { CredentialStore, TokenCheck } from './credentials.ts'
import { objectRoute } from './object-routes.ts'
import { findObjectType } from './object-type.ts'
import { ownerRoute } from './owner-routes.ts'
import type { Portal } from './portal.ts'
import { propertyRoute } from './property-routes.ts'

/** Every call that needs a token. */
export function apiRoute(portal: Portal, credentials: CredentialStore, path: ApiPath, request: ApiRequest): ApiReply {
  const scope = neededScope(path, request)
  if (scope !== null && portal.settings.missingScopes.includes(scope)) throw missingScope(scope)
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

/** The scope of a call; reading by batch or search is reading, though it is a POST. */
export function neededScope({ family, rest }: ApiPath, { method }: { readonly method: string }): string | null {
  const type = rest[0] === undefined ? undefined : findObjectType(rest[0])
  const reads = method === 'GET' || rest[1] === 'search' || rest.at(-1) === 'read'
  switch (family) {
    case 'owners':
      return 'crm.objects.owners.read'
    case 'objects':
    case 'associations':
      return type === undefined ? null : `crm.objects.${type.scope}.${reads ? 'read' : 'write'}`
    case 'properties':
      if (type === undefined) return null
      if (reads) return `crm.objects.${type.scope}.read`
      return `crm.schemas.${type.name}.write`
    default:
      return null
  }
}

function accountDetails(portal: Portal): Record<string, unknown> {
  return {
    portalId: portal.portalId,
    accountType: 'STANDARD',
    timeZone: 'Europe/Berlin',
    companyCurrency: 'EUR',
    additionalCurrencies: ['USD', 'JPY'],
    utcOffset: '+01:00',
    utcOffsetMilliseconds: 3_600_000,
    uiDomain: 'app.hubspot.com',
    dataHostingLocation: 'na1',
  }
}
