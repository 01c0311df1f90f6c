import type { Crm } from './change-event.ts'
import { crmProfile, knownProfiles, type ObjectShape } from './crm-profile.ts'

/** The shape of a watched object, or undefined for one that we do not watch. */
export function objectShape(crm: Crm, objectType: string): ObjectShape | undefined {
  return crmProfile(crm).objects[objectType]
}

/** Object types of one CRM in the order in which a baseline reads them: accounts before what hangs off them. */
export function watchedObjects(crm: Crm): readonly string[] {
  return Object.keys(crmProfile(crm).objects)
}

/** Other people's tasks are not imported: only ours are ever checked, and those do not exist at the start. */
export function baselineObjects(crm: Crm): readonly string[] {
  return watchedObjects(crm).filter((objectType) => objectType !== crmProfile(crm).taskObject)
}

/** The objects of every registered CRM that are about this, for statements over the records of all connections. */
export function objectsAbout(about: ObjectShape['about']): readonly string[] {
  const objects = knownProfiles().flatMap((profile) => Object.entries(profile.objects))
  return objects.filter(([, shape]) => shape.about === about).map(([objectType]) => objectType)
}
