import type { ConnectionId } from '../../model/record/change-event.ts'
import { recordTitle } from '../../model/record/record-title.ts'
import type { Database } from '../../store/database/database.ts'
import { heldByInputOf } from '../../store/decisions/held-records.ts'
import { readRecordsById } from '../../store/records/read-records.ts'
import type { CaseReply } from './case-types.ts'

/** Records listed by name; an input may hold a hundred thousand. */
const LISTED_MAX = 20

/** The records that wait for the input of this case. */
export async function readHeldRecords(
  db: Database,
  exceptionId: number,
  recordUrl: (connectionId: string, objectType: string, recordId: string) => string | null,
): Promise<NonNullable<CaseReply['held']>> {
  const { count, records } = await heldByInputOf(db, exceptionId, LISTED_MAX)
  const found = await Promise.all(
    [...Map.groupBy(records, ({ connectionId }) => connectionId)].map(([connectionId, refs]) =>
      readRecordsById(db, connectionId as ConnectionId, refs),
    ),
  )
  const titles = new Map(
    found
      .flat()
      .map((record) => [`${record.connectionId}/${record.objectType}/${record.recordId}`, recordTitle(record)]),
  )
  return {
    count,
    records: records.map(({ connectionId, objectType, recordId, since }) => ({
      objectType,
      recordId,
      title: titles.get(`${connectionId}/${objectType}/${recordId}`) ?? recordId,
      url: recordUrl(connectionId, objectType, recordId),
      since: since.toISOString(),
    })),
  }
}
