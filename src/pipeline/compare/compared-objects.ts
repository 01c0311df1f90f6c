import type { Crm } from '../../model/record/change-event.ts'
import { objectShape, watchedObjects } from '../../model/record/object-shape.ts'

/** The objects that are compared with the CRM. Not tasks: ours are read back when they are written, others are not kept. */
export function comparedObjects(crm: Crm): readonly string[] {
  return watchedObjects(crm).filter((objectType) => objectShape(crm, objectType)?.about !== 'task')
}
