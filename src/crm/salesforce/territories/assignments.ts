import type { DeletedResult } from 'jsforce'
import type { TerritoryAssignment } from '../../../model/record/territories-field.ts'
import { CrmRefusedError, CrmUnknownError } from '../../crm-client.ts'
import type { AssignmentPage, AssignmentVerbs } from '../../crm-territories.ts'
import { longId } from '../http/record-id.ts'
import { SALESFORCE } from '../profile.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { timeMs } from '../rest/field-text.ts'
import { everyRow, PAGE_ROWS_MAX, query, type Row, text } from '../rest/query.ts'
import { isAbsentObject } from '../rest/schemas.ts'
import { soqlId, soqlIds, soqlInstant, soqlText } from '../rest/soql.ts'
import { activeModel, territoriesOf } from './territories.ts'

const OBJECT = 'ObjectTerritory2Association'
const FIELDS = ['ObjectId', 'SobjectType', 'Territory2Id', 'SystemModstamp']

/** "If you delete associations, you can query them for up to 12 hours" (Object Reference); we keep 15 minutes in reserve. */
const DELETED_FOR_MS = 12 * 3_600_000 - 15 * 60_000

const MINUTE_MS = 60_000

export function assignmentVerbs(call: SalesforceCall, crmNowMs: () => number): AssignmentVerbs {
  return {
    async active() {
      try {
        const modelId = await activeModel(call)
        const territories = modelId === null ? [] : await territoriesOf(call, modelId)
        // The next reads need this: an org may show its territories and hide their members.
        await query(call, `SELECT Id FROM ${OBJECT} LIMIT 1`)
        return {
          modelId,
          territories: territories.map(({ territoryId, name, developerName }) => ({
            territoryId,
            name,
            developerName: developerName ?? name,
          })),
          atMs: crmNowMs(),
        }
      } catch (error) {
        if (isAbsentObject(error)) return null
        throw error
      }
    },
    async everything(modelId, cursor) {
      const after = cursor === null ? '' : ` AND Id > ${soqlId(cursor)}`
      const { rows, full } = await readPage(call, `${inModel(modelId)}${after} ORDER BY Id`)
      return { ...pageOf(rows), cursor: full ? idOf(rows.findLast((row) => text(row.Id) !== null)) : null }
    },
    async madeSince(modelId, sinceMs, cursor) {
      const { rows, full } = await readPage(
        call,
        `${inModel(modelId)} AND ${after(cursor) ?? `SystemModstamp >= ${soqlInstant(sinceMs)}`} ORDER BY SystemModstamp, Id`,
      )
      return { ...pageOf(rows), cursor: full ? cursorOf(rows.findLast(hasPlace)) : null }
    },
    deletedSince: (sinceMs) => deletedSince(call, sinceMs, crmNowMs()),
    async ofRecords(modelId, recordIds) {
      if (recordIds.length > SALESFORCE.readBatchMax) throw new RangeError(`${recordIds.length} records in one read`)
      if (recordIds.length === 0) return []
      const where = `${inModel(modelId)} AND ObjectId IN ${soqlIds(recordIds)}`
      return (await everyRow(call, { fields: FIELDS, from: OBJECT, where })).flatMap(assignmentOf)
    },
  }
}

/** Planned and archived models have associations too, which assign no record. */
function inModel(modelId: string): string {
  return `Territory2.Territory2ModelId = ${soqlId(modelId)} AND SobjectType IN (${SALESFORCE.territoryObjects.map(soqlText).join(',')})`
}

async function readPage(call: SalesforceCall, where: string): Promise<{ rows: readonly Row[]; full: boolean }> {
  const soql = `SELECT ${['Id', ...FIELDS].join(', ')} FROM ${OBJECT} WHERE ${where} LIMIT ${PAGE_ROWS_MAX}`
  const { rows, done } = await query(call, soql)
  const full = rows.length > 0 && (!done || rows.length >= PAGE_ROWS_MAX)
  return { rows, full }
}

function pageOf(rows: readonly Row[]): Pick<AssignmentPage, 'assignments' | 'latestMs'> {
  const latestMs = Math.max(0, ...rows.map((row) => timeMs(row.SystemModstamp) ?? 0))
  return { assignments: rows.flatMap(assignmentOf), latestMs }
}

function assignmentOf(row: Row): TerritoryAssignment[] {
  const assignmentId = longId(text(row.Id) ?? '')
  const recordId = longId(text(row.ObjectId) ?? '')
  const territoryId = longId(text(row.Territory2Id) ?? '')
  const objectType = text(row.SobjectType)
  if (assignmentId === null || recordId === null || territoryId === null || objectType === null) return []
  return [{ assignmentId, objectType, recordId, territoryId }]
}

function hasPlace(row: Row): boolean {
  return text(row.Id) !== null && timeMs(row.SystemModstamp) !== null
}

/** Without one the page would pass for the last. */
function idOf(row: Row | undefined): string {
  const id = text(row?.Id)
  if (id === null) throw new CrmUnknownError(`Cannot read ${OBJECT}: no row of a page has an id`)
  return id
}

/** A keyset instead of Salesforce's query cursor: it survives restarts, and changes while we read. */
function cursorOf(row: Row | undefined): string {
  const id = text(row?.Id)
  const atMs = timeMs(row?.SystemModstamp)
  if (id === null || atMs === null) throw new CrmUnknownError(`Cannot read ${OBJECT}: a row has no id or no time`)
  return `${atMs}/${id}`
}

function after(cursor: string | null): string | null {
  if (cursor === null) return null
  const [ms = '', id = ''] = cursor.split('/')
  const at = soqlInstant(Number(ms))
  return `(SystemModstamp > ${at} OR (SystemModstamp = ${at} AND Id > ${soqlId(id)}))`
}

async function deletedSince(
  call: SalesforceCall,
  sinceMs: number,
  nowMs: number,
): Promise<{ ids: string[]; untilMs: number } | null> {
  if (nowMs - sinceMs > DELETED_FOR_MS) return null
  // Seconds are ignored, and the end has to be a later minute than the start.
  const [startMs, endMs] = [minute(sinceMs), minute(nowMs)]
  if (endMs <= startMs) return { ids: [], untilMs: sinceMs }
  let answer: Partial<DeletedResult>
  try {
    answer = await call.read((org) => org.deleted(OBJECT, new Date(startMs), new Date(endMs)))
  } catch (error) {
    // More than 600,000 of them: reading everything is faster.
    if (error instanceof CrmRefusedError && error.code === 'EXCEEDED_ID_LIMIT') return null
    throw error
  }
  const { deletedRecords, earliestDateAvailable, latestDateCovered } = answer
  if (!Array.isArray(deletedRecords)) {
    throw new CrmUnknownError(`Cannot ask what was deleted of ${OBJECT}: Salesforce answered 200 without a list`, {
      status: 200,
    })
  }
  if ((timeMs(earliestDateAvailable) ?? 0) > startMs) return null
  return {
    ids: deletedRecords.flatMap((row) => longId(text(row.id) ?? '') ?? []),
    // Salesforce's own limit, not our clock: a long transaction may have deleted assignments that are not visible yet.
    untilMs: timeMs(latestDateCovered) ?? startMs,
  }
}

function minute(ms: number): number {
  return ms - (ms % MINUTE_MS)
}
