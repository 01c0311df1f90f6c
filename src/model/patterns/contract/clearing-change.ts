import type { CaseFacts } from '../../rules/facts.ts'

/** One changed value of the record that may end an exception, and the sentence that says so. */
export type ClearingChange = { readonly field: string; readonly to: string; readonly says: string }

/** Each of these people who is a user of the record's CRM, as its owner. */
export function ownerChanges(emails: Iterable<string>, { record, shape, directory }: CaseFacts): ClearingChange[] {
  return [...emails].flatMap((email) => {
    const user = directory.personByEmail(record.connectionId, email)
    if (user === undefined) return []
    return [{ field: shape.owner, to: user.userId, says: `Fastest fix: assign it to ${email}.` }]
  })
}
