import type { AccessFindings } from '../../../model/record/crm-facts.ts'
import { hiddenAmong } from '../../../model/record/person-form.ts'
import type { AccessNeeds } from '../../crm-setup.ts'
import { hubSpotScope } from '../login/scopes.ts'
import type { Portal } from '../portal/portal.ts'
import { HUBSPOT } from '../profile.ts'
import { NotThere, type Trial } from './answer.ts'
import { readOne, refusesOnlyTheRecord } from './probes.ts'

type ObjectNeeds = AccessNeeds['objects'][number]

/** What the policies need of one kind of record. `onFields` receives which of its properties exist. */
export function objectChecks(
  portal: Portal,
  { objectType, fields, ownerField }: ObjectNeeds,
  onFields: (found: AccessFindings['objects'][number]) => void,
): Trial[] {
  const reading: Trial[] = [
    {
      id: `read/${objectType}`,
      title: `Read ${objectType}`,
      need: 'required',
      costs: `No workflow can look at ${objectType}.`,
      scope: hubSpotScope(objectType, 'read'),
      run: () => readOne(portal, objectType),
    },
    {
      id: `fields/${objectType}`,
      title: `Read the properties of ${objectType}`,
      need: 'required',
      costs: `Lanekeeper cannot tell which properties of ${objectType} exist, nor read their values by type.`,
      scope: hubSpotScope(objectType, 'read'),
      run: async () => {
        portal.schemas.forget(objectType)
        const schema = await portal.schemas.of(objectType)
        const unreadable = hiddenAmong(HUBSPOT.objects[objectType], [...new Set(fields)], schema.fields)
        onFields({ objectType, fields: schema.fields.size, unreadable })
      },
    },
  ]
  if (ownerField === null) return reading
  return [
    ...reading,
    {
      id: `write-owner/${objectType}`,
      title: `Set the owner of ${objectType}`,
      need: 'needed',
      costs: `Lanekeeper proposes owners of ${objectType} in tasks and cannot set them.`,
      scope: hubSpotScope(objectType, 'write'),
      run: async () => {
        await refusesOnlyTheRecord(portal, objectType)
        const field = (await portal.schemas.of(objectType)).fields.get(ownerField)
        if (field === undefined) throw new NotThere(`${objectType} have no property ${ownerField}`)
        if (!field.writable) throw new NotThere(`HubSpot calls ${ownerField} of ${objectType} read-only`)
      },
    },
  ]
}
