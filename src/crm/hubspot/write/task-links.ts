import type {
  AssociationSpec,
  PublicAssociationMultiPost,
} from '@hubspot/api-client/lib/codegen/crm/associations/v4/models/all.js'
import { AssociationTypes } from '@hubspot/api-client/lib/src/enums/AssociationTypes.js'
import type { ItemOutcome, TaskLink } from '../../crm-client.ts'
import type { WriteGate } from '../../write-gate.ts'
import { type JsonObject, listOf } from '../http/json-value.ts'
import type { Wire } from '../http/wire.ts'
import { type BatchItem, type BatchResult, inputParts, writeBatch } from './batch-write.ts'
import type { WriteContext } from './write-context.ts'

const LINK_TYPE_IDS: ReadonlyMap<string, AssociationTypes> = new Map([
  ['contacts', AssociationTypes.taskToContact],
  ['companies', AssociationTypes.taskToCompany],
  ['deals', AssociationTypes.taskToDeal],
  ['tickets', AssociationTypes.taskToTicket],
])

/** HubSpot's own type of association from a task to a record. Null: HubSpot defines none for these records. */
export function linkType(objectType: string): Wire<AssociationSpec> | null {
  const associationTypeId = LINK_TYPE_IDS.get(objectType)
  return associationTypeId === undefined ? null : { associationCategory: 'HUBSPOT_DEFINED', associationTypeId }
}

/**
 * An upsert cannot associate, so one call per object type follows it. Making a link twice makes one, so one whose answer
 * was lost is simply made again. HubSpot refuses a whole call for one deleted record; halving finds it.
 */
export async function linkTasks(
  context: Pick<WriteContext, 'http' | 'paths'>,
  links: readonly TaskLink[],
  gate?: WriteGate,
): Promise<ItemOutcome[]> {
  const outcomes: ItemOutcome[] = []
  for (const [objectType, group] of Map.groupBy(links, ({ about }) => about.objectType)) {
    const type = linkType(objectType)
    if (type === null) {
      const why = `HubSpot defines no association of tasks with ${objectType}`
      outcomes.push(...group.map(({ key }): ItemOutcome => ({ key, outcome: 'refused', code: 'NO_ASSOCIATION', why })))
      continue
    }
    const items = group.map(({ key, taskId, about }): BatchItem => {
      const input: Wire<PublicAssociationMultiPost> = {
        from: { id: taskId },
        to: { id: about.recordId },
        types: [type],
      }
      return { key, inputId: taskId, input }
    })
    const results = await writeBatch(
      items,
      (inputs, part) => post(context, objectType, { inputs, part, gate }),
      (record, item) => record.id === item.inputId,
      gate,
    )
    outcomes.push(...results.map(linkOutcome))
  }
  return outcomes
}

async function post(
  { http, paths }: Pick<WriteContext, 'http' | 'paths'>,
  objectType: string,
  { inputs, part, gate }: { inputs: readonly JsonObject[]; part: readonly BatchItem[]; gate: WriteGate | undefined },
): Promise<JsonObject> {
  const { body } = await http({
    kind: 'write',
    method: 'POST',
    path: `${paths.associations('tasks', objectType)}/create`,
    body: { inputs },
    gated: inputParts(gate, part),
    attempt: `link tasks to ${objectType}`,
  })
  // Without errors all of them are made. With some, the answer names the pairs that are.
  const failed = listOf(body.errors).length > 0
  const made = new Set(listOf(body.results).map((pair) => String((pair as JsonObject).fromObjectId ?? '')))
  const results = part.filter(({ inputId }) => !failed || made.has(inputId ?? '')).map(({ inputId: id }) => ({ id }))
  return { ...body, results }
}

function linkOutcome(result: BatchResult): ItemOutcome {
  return 'outcome' in result ? result.outcome : { key: result.item.key, outcome: 'done', id: result.item.inputId! }
}
