import type {
  BatchReadInputSimplePublicObjectId,
  CollectionResponseSimplePublicObjectWithAssociationsForwardPaging,
  CollectionResponseWithTotalSimplePublicObjectForwardPaging,
  Filter,
  PublicObjectSearchRequest,
} from '@hubspot/api-client/lib/codegen/crm/objects/models/all.js'
import { resultsOf } from '../http/json-value.ts'
import type { AnswerOf, Wire } from '../http/wire.ts'
import type { PageCursor } from './page-cursor.ts'
import type { ReadContext } from './read-context.ts'
import type { HubSpotRecord, RecordReading } from './record-event.ts'
import { isReadById, isTooWide, propertiesOf } from './record-reading.ts'

type ObjectsApi = Pick<ReadContext, 'http' | 'paths'>
export type SearchCursor = Extract<PageCursor, { mode: 'search' }>

/** Batch read and list take 100, search takes 200 (contracts, HubSpot). One size keeps pages alike. */
export const PAGE = 100
// With history HubSpot documents 50 for lists and nothing for batch reads; 50 is what integrators found to hold.
const PAGE_WITH_HISTORY = 50

/** One page of the list of live or deleted records. */
export async function listRecords(
  { http, paths }: ObjectsApi,
  reading: RecordReading,
  { after, archived }: { readonly after: string | null; readonly archived: boolean },
): Promise<AnswerOf<CollectionResponseSimplePublicObjectWithAssociationsForwardPaging>> {
  const withHistory = reading.historyFields.length > 0
  const { body } = await http({
    kind: 'read',
    method: 'GET',
    path: paths.objects(reading.objectType),
    query: {
      limit: String(withHistory ? PAGE_WITH_HISTORY : PAGE),
      properties: isTooWide(reading) ? '' : propertiesOf(reading).join(','),
      ...(withHistory && !isTooWide(reading) ? { propertiesWithHistory: reading.historyFields.join(',') } : {}),
      ...(after === null ? {} : { after }),
      archived: String(archived),
    },
    attempt: `list ${archived ? 'deleted ' : ''}${reading.objectType}`,
  })
  return body
}

/** The generated model types `sorts` as texts; the search takes objects too, and only those name a direction. */
type SearchBody = Omit<Wire<PublicObjectSearchRequest>, 'sorts'> & {
  readonly sorts: readonly { readonly propertyName: string; readonly direction: 'ASCENDING' }[]
}

/** One page of what changed at or after the cursor's instant, oldest first; or of one millisecond, by id. */
export async function searchRecords(
  { http, paths }: ObjectsApi,
  reading: RecordReading,
  cursor: SearchCursor,
): Promise<AnswerOf<CollectionResponseWithTotalSimplePublicObjectForwardPaging>> {
  const { modifiedField } = reading.schema
  const at = String(cursor.sinceMs)
  const filters: Wire<Filter>[] =
    cursor.tiesAfterId === null
      ? [{ propertyName: modifiedField, operator: 'GTE', value: at }]
      : [
          { propertyName: modifiedField, operator: 'EQ', value: at },
          { propertyName: 'hs_object_id', operator: 'GT', value: cursor.tiesAfterId },
        ]
  const { body } = await http({
    kind: 'search',
    method: 'POST',
    path: `${paths.objects(reading.objectType)}/search`,
    body: {
      filterGroups: [{ filters }],
      sorts: [{ propertyName: cursor.tiesAfterId === null ? modifiedField : 'hs_object_id', direction: 'ASCENDING' }],
      properties: isReadById(reading) ? [modifiedField] : propertiesOf(reading),
      limit: PAGE,
    } satisfies SearchBody,
    attempt: `search changed ${reading.objectType}`,
  })
  return body
}

/** The records that exist among these ids, in as many calls as needed. */
export async function batchRead(
  { http, paths }: ObjectsApi,
  reading: RecordReading,
  { ids, archived }: { readonly ids: readonly string[]; readonly archived: boolean },
): Promise<HubSpotRecord[]> {
  const size = reading.historyFields.length > 0 ? PAGE_WITH_HISTORY : PAGE
  const attempt = `read ${reading.objectType} by id`
  const records: HubSpotRecord[] = []
  for (let from = 0; from < ids.length; from += size) {
    const { body } = await http({
      kind: 'read',
      method: 'POST',
      path: `${paths.objects(reading.objectType)}/batch/read`,
      query: { archived: String(archived) },
      body: {
        inputs: ids.slice(from, from + size).map((id) => ({ id })),
        properties: propertiesOf(reading),
        propertiesWithHistory: reading.historyFields,
      } satisfies Wire<BatchReadInputSimplePublicObjectId>,
      attempt,
    })
    records.push(...resultsOf(body, attempt))
  }
  return records
}
