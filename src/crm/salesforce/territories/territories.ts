import type { CrmTerritory } from '../../crm-territories.ts'
import { longId } from '../http/record-id.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { everyRow, type Row, text } from '../rest/query.ts'
import { isAbsentObject } from '../rest/schemas.ts'
import { soqlId } from '../rest/soql.ts'

/** The territories of the active model, or null when the org does not use territory management. */
export async function readTerritories(call: SalesforceCall): Promise<CrmTerritory[] | null> {
  let modelId: string | null
  try {
    modelId = await activeModel(call)
  } catch (error) {
    if (isAbsentObject(error)) return null
    throw error
  }
  if (modelId === null) return []
  const territories = await territoriesOf(call, modelId)
  const members = await membersByTerritory(call)
  // Not one member in the whole model: the org hides them from our user, rather than that nobody works any territory.
  const areShown = members.size > 0
  return territories.map((territory) => ({
    ...territory,
    memberIds: areShown ? (members.get(territory.territoryId) ?? []) : null,
  }))
}

/** Empty: nobody works any of them, or the org hides it. */
async function membersByTerritory(call: SalesforceCall): Promise<Map<string, string[]>> {
  const members = new Map<string, string[]>()
  let rows: Row[]
  try {
    const fields = ['UserId', 'Territory2Id']
    rows = await everyRow(call, { fields, from: 'UserTerritory2Association', where: 'IsActive = true' })
  } catch (error) {
    if (isAbsentObject(error)) return members
    throw error
  }
  for (const row of rows) {
    const territoryId = longId(text(row.Territory2Id) ?? '')
    const userId = longId(text(row.UserId) ?? '')
    if (territoryId === null || userId === null) continue
    members.set(territoryId, [...(members.get(territoryId) ?? []), userId])
  }
  return members
}

/** Salesforce lets one be active at a time. Null: none is. */
export async function activeModel(call: SalesforceCall): Promise<string | null> {
  const models = await everyRow(call, { fields: ['State'], from: 'Territory2Model', where: "State = 'Active'" })
  return text(models[0]?.Id)
}

export async function territoriesOf(call: SalesforceCall, modelId: string): Promise<Omit<CrmTerritory, 'memberIds'>[]> {
  const rows = await everyRow(call, {
    fields: ['Name', 'DeveloperName', 'ParentTerritory2Id'],
    from: 'Territory2',
    where: `Territory2ModelId = ${soqlId(modelId)}`,
  })
  return rows.flatMap((row) => {
    const territoryId = longId(text(row.Id) ?? '')
    if (territoryId === null) return []
    return [
      {
        territoryId,
        name: text(row.Name) ?? territoryId,
        developerName: text(row.DeveloperName),
        parentId: longId(text(row.ParentTerritory2Id) ?? ''),
      },
    ]
  })
}
