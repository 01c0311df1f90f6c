import { z } from 'zod'
import '../../crm/profiles.ts'
import type { ObjectRef } from '../../model/policy/policy.ts'
import { knownProfiles } from '../../model/record/crm-profile.ts'

/** What a policy may watch: every object of a registered CRM but its tasks. */
export function watchedObjectNames(): string[] {
  return knownProfiles().flatMap(({ crm, objects, taskObject }) =>
    Object.keys(objects).flatMap((object) => (object === taskObject ? [] : [`${crm}.${object}`])),
  )
}

/** An object of a CRM as policies name it. Lazily, at the first policy: by then every CRM of the process is registered. */
export const ObjectName = z
  .lazy(() => z.enum(watchedObjectNames()))
  .transform((name): ObjectRef => {
    const [crm, object] = name.split('.') as [ObjectRef['crm'], string]
    return { crm, object }
  })
