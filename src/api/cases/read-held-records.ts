import { SETTLE_AFTER_DAYS } from '../../model/decision/input-case.ts'
import type { ConnectionId } from '../../model/record/change-event.ts'
import { recordTitle } from '../../model/record/record-title.ts'
import type { Database } from '../../store/database/database.ts'
import { heldByInputOf } from '../../store/decisions/held-records.ts'
import { readRecordsById } from '../../store/records/read-records.ts'
import { oldestUnseen, unseenRecords } from '../../store/records/unseen-records.ts'
import type { CaseReply, HeldReply } from './case-types.ts'

/** Records of one page; an input may hold a hundred thousand. */
const LISTED_MAX = 20

type RecordUrl = (connectionId: string, objectType: string, recordId: string) => string | null
type Held = NonNullable<CaseReply['held']>
type Waiting = { readonly connectionId: string; readonly objectType: string; readonly recordId: string; since: Date }

/** The records that wait for the input of this case, and those that the CRM does not show, where that is the input. */
export async function readHeldRecords(db: Database, exceptionId: number, recordUrl: RecordUrl): Promise<Held> {
  const { count, records, input } = await heldByInputOf(db, exceptionId, LISTED_MAX, 0)
  return {
    count,
    records: await withTitles(db, records, recordUrl),
    notVisible: input?.why === 'not-visible' ? await readNotVisible(db, input, recordUrl) : null,
  }
}

/** The records that wait for it, from one on. */
export async function readHeldFrom(
  db: Database,
  exceptionId: number,
  recordUrl: RecordUrl,
  offset: number,
): Promise<HeldReply> {
  const { count, records } = await heldByInputOf(db, exceptionId, LISTED_MAX, offset)
  return { count, records: await withTitles(db, records, recordUrl) }
}

async function readNotVisible(
  db: Database,
  { connectionId, objectType }: { readonly connectionId: string; readonly objectType: string },
  recordUrl: RecordUrl,
): Promise<Held['notVisible']> {
  const { count } = await unseenRecords(db, connectionId, objectType, SETTLE_AFTER_DAYS)
  const oldest = await oldestUnseen(db, connectionId, objectType, LISTED_MAX)
  const records = oldest.map((record) => ({ connectionId, ...record }))
  return { count, records: await withTitles(db, records, recordUrl) }
}

async function withTitles(db: Database, records: readonly Waiting[], recordUrl: RecordUrl): Promise<Held['records']> {
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
  return records.map(({ connectionId, objectType, recordId, since }) => ({
    objectType,
    recordId,
    title: titles.get(`${connectionId}/${objectType}/${recordId}`) ?? recordId,
    url: recordUrl(connectionId, objectType, recordId),
    since: since.toISOString(),
  }))
}
