/** The record that a task hangs on in the CRM. */
export type TaskAnchor = { readonly objectType: string; readonly recordId: string }

/** An open case of a task. `no-record`: it is about an input, and not about a record. */
export type AnchorCase = TaskAnchor & { readonly lives: boolean | 'unknown' | 'no-record' }

/**
 * Where the task belongs: on the record of a case that lives. It stays where it is while that is one of them, so that a task
 * does not wander through its list. A record of which we do not know whether it was converted comes last: the CRM decides.
 * Null: none of them lives, as far as we know.
 */
export function taskAnchor(cases: readonly AnchorCase[], hungOn: TaskAnchor | null): TaskAnchor | null {
  const alive = cases.filter(({ lives }) => lives === true)
  const perhaps = cases.filter(({ lives }) => lives === 'unknown')
  const stays = [...alive, ...perhaps].find((one) => isSame(one, hungOn))
  const found = stays ?? alive[0] ?? perhaps[0]
  return found === undefined ? null : { objectType: found.objectType, recordId: found.recordId }
}

export function isSame(one: TaskAnchor, other: TaskAnchor | null): boolean {
  return other !== null && one.objectType === other.objectType && one.recordId === other.recordId
}
