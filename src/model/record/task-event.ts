import type { ChangeEvent } from './change-event.ts'
import { knownProfiles } from './crm-profile.ts'

/**
 * The events as we may keep them. Of a task only its owner, its times and whether it is closed count; its texts name
 * people and would outlive the erasure of the record that the task is about, also in tasks that are not ours.
 */
export function withoutTaskTexts(events: readonly ChangeEvent[]): readonly ChangeEvent[] {
  const keptOf = keptFieldsOfTasks()
  return events.map((event) => {
    const kept = keptOf.get(event.objectType)
    if (kept === undefined) return event
    return { ...event, fields: Object.fromEntries(Object.entries(event.fields).filter(([field]) => kept.has(field))) }
  })
}

/** By the CRM's name of its tasks. */
function keptFieldsOfTasks(): ReadonlyMap<string, ReadonlySet<string>> {
  const kept = new Map<string, ReadonlySet<string>>()
  for (const { taskObject, objects, taskClosed } of knownProfiles()) {
    const shape = objects[taskObject]
    if (shape === undefined) continue
    const fields = [shape.owner, shape.createdAt, shape.modifiedAt, shape.closedFlag, taskClosed.field]
    kept.set(taskObject, new Set(fields.filter((field) => field !== null)))
  }
  return kept
}
