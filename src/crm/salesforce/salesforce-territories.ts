import { isAbsentObject } from './object-schemas.ts'
import type { SalesforceCall } from './salesforce-call.ts'
import { longId } from './salesforce-id.ts'
import { everyRow, type Row, text } from './salesforce-query.ts'
import { soqlId } from './soql.ts'

export type SalesforceTerritory = {
  readonly territoryId: string
  readonly name: string
  readonly developerName: string | null
  readonly parentId: string | null
  /** Users with an active association; whether the user is active is the directory's to say. */
  readonly memberIds: readonly string[]
}

/** The territories of the active model, or null when the org does not use territory management. */
export async function readTerritories(call: SalesforceCall): Promise<SalesforceTerritory[] | null> {
  let models: Row[]
  try {
    models = await everyRow(call, { fields: ['State'], from: 'Territory2Model', where: "State = 'Active'" })
  } catch (error) {
    if (isAbsentObject(error)) return null
    throw error
  }
  const modelId = text(models[0]?.Id)
  if (modelId === null) return []
  const territories = await everyRow(call, {
    fields: ['Name', 'DeveloperName', 'ParentTerritory2Id'],
    from: 'Territory2',
    where: `Territory2ModelId = ${soqlId(modelId)}`,
  })
  const members = new Map<string, string[]>()
  for (const row of await everyRow(call, {
    fields: ['UserId', 'Territory2Id'],
    from: 'UserTerritory2Association',
    where: 'IsActive = true',
  })) {
    const territoryId = longId(text(row.Territory2Id) ?? '')
    const userId = longId(text(row.UserId) ?? '')
    if (territoryId === null || userId === null) continue
    members.set(territoryId, [...(members.get(territoryId) ?? []), userId])
  }
  return territories.flatMap((row) => {
    const territoryId = longId(text(row.Id) ?? '')
    if (territoryId === null) return []
    return [
      {
        territoryId,
        name: text(row.Name) ?? territoryId,
        developerName: text(row.DeveloperName),
        parentId: longId(text(row.ParentTerritory2Id) ?? ''),
        memberIds: members.get(territoryId) ?? [],
      },
    ]
  })
}
