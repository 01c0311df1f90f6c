import type { Crm } from './change-event.ts'
import { objectShape, watchedObjects } from './object-shape.ts'

/** The objects whose decisions look at this one: accounts and deals are part of the decision on others. */
export function decidedWith(crm: Crm, objectType: string): { crm: Crm; object: string }[] {
  const about = objectShape(crm, objectType)?.about
  const objects = about === 'person' ? [objectType] : watchedObjects(crm).filter((other) => isDecided(crm, other))
  return objects.map((object) => ({ crm, object }))
}

function isDecided(crm: Crm, objectType: string): boolean {
  const about = objectShape(crm, objectType)?.about
  return about === 'person' || about === 'account'
}
