import type { SimplePublicObjectBatchInput } from '@hubspot/api-client/lib/codegen/crm/objects/models/all.js'
import type { ItemOutcome, OwnerFieldWrite } from '../../crm-client.ts'
import type { WriteGate } from '../../write-gate.ts'
import type { HubSpotHttp } from '../http/call.ts'
import { idOf, type JsonObject, objectOf } from '../http/json-value.ts'
import type { HubSpotPaths } from '../http/paths.ts'
import type { Wire } from '../http/wire.ts'
import { HUBSPOT } from '../profile.ts'
import { fieldText } from '../read/field-text.ts'
import type { HubSpotRecord } from '../read/record-event.ts'
import { type BatchItem, type BatchResult, inputParts, notWritten, writeBatch } from './batch-write.ts'

/** Sets owner fields in as few calls as HubSpot allows: one per object type and hundred records. */
export async function writeOwnerFields(
  http: HubSpotHttp,
  paths: HubSpotPaths,
  writes: readonly OwnerFieldWrite[],
  gate?: WriteGate,
): Promise<ItemOutcome[]> {
  if (writes.length > HUBSPOT.writeBatchMax) {
    throw new RangeError(`${writes.length} owner writes in one call; HubSpot takes ${HUBSPOT.writeBatchMax}`)
  }
  const outcomes: ItemOutcome[] = []
  for (const { objectType, group } of callsOf(writes)) {
    const byKey = new Map(group.map((write) => [write.key, write]))
    const items = group.map(({ key, recordId, field, to }): BatchItem => {
      const input: Wire<SimplePublicObjectBatchInput> = {
        id: recordId,
        properties: { [field]: to },
        objectWriteTraceId: key,
      }
      return { key, inputId: recordId, input }
    })
    const send = async (inputs: JsonObject[], part: readonly BatchItem[]) => {
      const { body } = await http({
        kind: 'write',
        method: 'POST',
        path: `${paths.objects(objectType)}/batch/update`,
        body: { inputs },
        gated: inputParts(gate, part),
        attempt: `set owners of ${objectType}`,
      })
      return body
    }
    let results: BatchResult[]
    try {
      // A merged record answers under its new id, but still with the trace of its input.
      results = await writeBatch(
        items,
        send,
        (record, item) => idOf(record.id) === item.inputId || record.objectWriteTraceId === item.key,
        gate,
      )
    } catch (error) {
      // Thrown before anything of this object was sent. What other objects got keeps its outcome.
      if (outcomes.length === 0) throw error
      results = items.map((item) => ({ item, outcome: notWritten(item.key, error) }))
    }
    for (const result of results) {
      const write = byKey.get(result.item.key)
      if ('outcome' in result) outcomes.push(result.outcome)
      else if (write !== undefined) outcomes.push(outcomeOf(write, result.record))
    }
  }
  return outcomes
}

/** Calls of one object type each. HubSpot refuses a batch that names a record twice. */
function callsOf(writes: readonly OwnerFieldWrite[]): { objectType: string; group: OwnerFieldWrite[] }[] {
  const calls: { objectType: string; group: OwnerFieldWrite[]; ids: Set<string> }[] = []
  for (const write of writes) {
    let call = calls.find(({ objectType, ids }) => objectType === write.objectType && !ids.has(write.recordId))
    if (call === undefined) {
      call = { objectType: write.objectType, group: [], ids: new Set() }
      calls.push(call)
    }
    call.group.push(write)
    call.ids.add(write.recordId)
  }
  return calls
}

function outcomeOf(write: OwnerFieldWrite, record: HubSpotRecord): ItemOutcome {
  const { key } = write
  const id = idOf(record.id) ?? write.recordId
  if (id !== write.recordId) {
    return { key, outcome: 'gone', why: `${write.objectType} ${write.recordId} was merged into ${id}` }
  }
  const properties = objectOf(record.properties) ?? {}
  const now = Object.hasOwn(properties, write.field) ? fieldText('reference', properties[write.field]) : undefined
  // HubSpot ignores writes to read-only properties and still answers 200; only the value in its answer shows it.
  if (now !== undefined && now !== fieldText('reference', write.to)) {
    return { key, outcome: 'refused', code: 'VALUE_NOT_TAKEN', why: `HubSpot kept ${write.field} as it was` }
  }
  return { key, outcome: 'done', id, ...(now === undefined ? {} : { after: now }) }
}
