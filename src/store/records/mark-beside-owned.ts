import { type Kysely, sql } from 'kysely'
import type { ConnectionId } from '../../model/record/change-event.ts'
import { objectsAbout } from '../../model/record/object-shape.ts'
import type { Tables } from '../database/tables.ts'
import { markNeighboursDirty } from './mark-dirty.ts'

/**
 * Marks what is decided beside these records, whose owner left or came back: a lead that waits because the owner of its
 * account is somebody else, in whichever CRM the account's twin is.
 */
export async function markBesideOwned(
  trx: Kysely<Tables>,
  connectionId: string,
  { objectType, recordIds }: { readonly objectType: string; readonly recordIds: readonly string[] },
): Promise<void> {
  if (recordIds.length === 0) return
  const { rows } = await sql<{ key: string }>`
    select distinct unnest(keys) as key from record
    where connection_id = ${connectionId} and object_type = ${objectType} and record_id = any(${recordIds}::text[])`.execute(
    trx,
  )
  await markNeighboursDirty(trx, connectionId as ConnectionId, {
    keys: new Map(rows.map(({ key }) => [key, 0])),
    accountIds: objectsAbout('account').includes(objectType) ? recordIds : [],
    linksBefore: [],
    ofDomain: [],
  })
}
