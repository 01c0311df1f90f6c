import type { AccessFindings } from '../../../model/record/crm-facts.ts'
import { hiddenAmong } from '../../../model/record/person-form.ts'
import type { AccessNeeds } from '../../crm-setup.ts'
import { SALESFORCE } from '../profile.ts'
import type { SalesforceObject } from '../rest/schemas.ts'
import { AccessAnswer, type AccessContext, type Ask, PERMISSION_SETS, type Question, readOne } from './probes.ts'

/** Per object: can we read its records, know its fields, and set its owner? */
export async function checkObjects(
  { call, schemas }: AccessContext,
  needs: AccessNeeds,
  ask: Ask,
): Promise<AccessFindings['objects']> {
  const objects: AccessFindings['objects'][number][] = []
  for (const { objectType, fields, ownerField } of needs.objects) {
    await ask(readQuestion(objectType), () => readOne(call, objectType))
    const described: { schema?: SalesforceObject } = {}
    await ask(fieldsQuestion(objectType), async () => {
      described.schema = await schemas.describe(objectType)
    })
    const { schema } = described
    if (schema !== undefined) {
      const unreadable = hiddenAmong(SALESFORCE.objects[objectType], [...new Set(fields)], schema.byName)
      objects.push({ objectType, fields: schema.fields.length, unreadable })
    }
    if (ownerField === null) continue
    await ask(ownerQuestion(objectType, ownerField), async () =>
      mayWriteOwner(schema ?? (await schemas.describe(objectType)), ownerField),
    )
  }
  return objects
}

function mayWriteOwner({ objectType, byName, updateable }: SalesforceObject, ownerField: string): void {
  const field = byName.get(ownerField)
  if (field === undefined) throw new AccessAnswer(`${objectType} has no field ${ownerField} that our user sees`)
  if (!updateable) throw new AccessAnswer(`our user may not edit ${objectType} records`)
  if (!field.updateable) throw new AccessAnswer(`our user may not edit ${objectType}.${ownerField}`)
}

function readQuestion(objectType: string): Question {
  return {
    id: `read/${objectType}`,
    title: `Read ${objectType} records`,
    need: 'required',
    costs: `Workflows cannot check ${objectType} records.`,
    grant: `${PERMISSION_SETS}: Object Settings > ${objectType} > Read and View All Records.`,
  }
}

function fieldsQuestion(objectType: string): Question {
  return {
    id: `fields/${objectType}`,
    title: `Read which fields ${objectType} has`,
    need: 'required',
    costs: `Lanekeeper does not know the fields of ${objectType} or the types of their values.`,
    grant: `${PERMISSION_SETS}: Object Settings > ${objectType} > Read.`,
  }
}

function ownerQuestion(objectType: string, ownerField: string): Question {
  return {
    id: `write-owner/${objectType}`,
    title: `Set the owner of ${objectType} records`,
    need: 'needed',
    costs: `Lanekeeper proposes ${objectType} owners in a task instead of setting them.`,
    grant: `${PERMISSION_SETS}: Object Settings > ${objectType} > Edit, with Edit Access to ${ownerField}; records of other users need Modify All Records.`,
  }
}
