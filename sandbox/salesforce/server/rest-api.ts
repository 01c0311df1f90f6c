import { ApiError, notFound } from '../org/api-error.ts'
import type { Org } from '../org/org.ts'
import type { PermissionBook } from '../org/permissions.ts'
import { collectionsResource } from '../rest/collections-resource.ts'
import { batchResource, compositeResource } from '../rest/composite-resource.ts'
import { QueryResource } from '../rest/query-resource.ts'
import { sobjectResource } from '../rest/sobject-resource.ts'
import { type ApiRequest, type ApiResponse, methodNotAllowed } from '../wire/api-request.ts'
import type { UsageMeter } from '../wire/usage-meter.ts'

export const VERSIONS: readonly { readonly version: string; readonly label: string }[] = [
  ['60.0', "Spring '24"],
  ['61.0', "Summer '24"],
  ['62.0', "Winter '25"],
  ['63.0', "Spring '25"],
  ['64.0', "Summer '25"],
  ['65.0', "Winter '26"],
  ['66.0', "Spring '26"],
  ['67.0', "Summer '26"],
  ['68.0', "Winter '27"],
].map(([version, label]) => ({ version: version!, label: label! }))

/** Everything under `/services/data/vXX.X`. A composite call comes here once per part. */
export class RestApi {
  private readonly org: Org
  private readonly queries: QueryResource
  private readonly usage: UsageMeter
  private readonly permissions: PermissionBook

  constructor(org: Org, usage: UsageMeter, permissions: PermissionBook) {
    this.org = org
    this.permissions = permissions
    this.queries = new QueryResource(org)
    this.usage = usage
  }

  handle(request: ApiRequest): ApiResponse {
    try {
      return this.dispatch(request)
    } catch (error) {
      if (error instanceof ApiError) return { status: error.status, body: error.toBody() }
      throw error
    }
  }

  private dispatch(request: ApiRequest): ApiResponse {
    const [head, second] = request.path
    const { userId } = request.session
    const { apiEnabled, viewSetup } = this.permissions.of(userId)
    if (!apiEnabled) {
      throw new ApiError(403, 'API_DISABLED_FOR_ORG', 'The REST API is not enabled for this Organization.')
    }
    const org = this.permissions.viewOf(this.org, userId, head === 'tooling' ? 'tooling' : 'data')
    switch (head) {
      case undefined:
        if (request.method !== 'GET') throw methodNotAllowed(request)
        return { status: 200, body: resources(request.version) }
      case 'query':
      case 'queryAll':
        if (request.method !== 'GET') throw methodNotAllowed(request)
        return second === undefined
          ? this.queries.run(org, request, head === 'queryAll')
          : this.queries.more(request, second)
      case 'tooling':
        // Counting the selected entities is the one tooling query that a subscriber needs.
        if (second === 'query') return this.queries.run(org, request, false)
        throw notFound()
      case 'sobjects':
        return sobjectResource(org, request)
      case 'limits':
        if (request.method !== 'GET') throw methodNotAllowed(request)
        if (!viewSetup) {
          throw new ApiError(403, 'INSUFFICIENT_ACCESS', 'View Setup and Configuration is required to read limits')
        }
        return { status: 200, body: this.usage.limits() }
      case 'composite': {
        if (second === 'sobjects') return collectionsResource(org, request)
        const again = (part: ApiRequest): ApiResponse => this.handle(part)
        if (request.method !== 'POST') throw methodNotAllowed(request)
        if (second === undefined) return compositeResource(org, request, again)
        if (second === 'batch') return batchResource(request, again)
        throw notFound()
      }
      default:
        throw notFound()
    }
  }
}

function resources(version: string): object {
  const base = `/services/data/v${version}`
  return Object.fromEntries(
    ['tooling', 'query', 'queryAll', 'sobjects', 'composite', 'limits'].map((name) => [name, `${base}/${name}`]),
  )
}
