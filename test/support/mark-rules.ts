import type { MarkedClass } from '../../src/model/policy/mark.ts'
import { markedContent, markedHash } from '../../src/model/policy/marks.ts'
import type { Policy } from '../../src/model/policy/policy.ts'
import type { Database } from '../../src/store/database/database.ts'
import { insertMarks, noteMarksChanged } from '../../src/store/publishing/marks.ts'
import { MARKS_END_MS } from './marked.ts'

/** A mark for each rule of the branches that settle something, as two people would have made them. Returns their ids. */
export async function markRules(
  db: Database,
  { workflow, boundary }: Pick<Policy, 'workflow' | 'boundary'>,
  {
    classes = ['risky'],
    endsAt = new Date(MARKS_END_MS),
    origin = 'people',
  }: { readonly classes?: readonly MarkedClass[]; readonly endsAt?: Date; readonly origin?: 'people' | 'sandbox' } = {},
): Promise<number[]> {
  const settling = boundary.filter(({ settles }) => settles.length > 0)
  const marks = settling.flatMap((branch) =>
    branch.rules.flatMap((rule) => {
      const content = markedContent(branch, rule)
      return classes.map((of) => ({
        workflow,
        rule: rule.id,
        ruleHash: markedHash(content),
        content,
        class: of,
        reason: 'Agreed in the test.',
        origin,
        proposedBy: 'person:first',
        agreedBy: 'person:second',
        endsAt,
      }))
    }),
  )
  const ids = await insertMarks(db, marks)
  if (marks.length > 0) await noteMarksChanged(db, workflow)
  return ids.filter((id) => id !== null)
}
