import type { CaseFacts } from '../../rules/case-facts.ts'

/** One changed value of the record that may end an exception, and the sentence that says so. */
export type ClearingChange = { readonly field: string; readonly to: string; readonly says: string }

/** Each of these people who is a user of the record's CRM, as its owner. One after the other, as the first mostly ends it. */
export function* ownerChanges(
  emails: Iterable<string>,
  { record, shape, directory }: CaseFacts,
): Iterable<ClearingChange> {
  for (const email of emails) {
    const user = directory.personByEmail(record.connectionId, email)
    if (user === undefined) continue
    yield { field: shape.owner, to: user.userId, says: `Fastest fix: assign it to ${email}.` }
  }
}
