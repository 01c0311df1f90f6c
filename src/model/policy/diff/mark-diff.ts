import type { Mark } from '../mark.ts'
import type { Policy } from '../policy.ts'
import type { Change, Reach } from './change.ts'
import { isSame } from './rows.ts'

/** What another version makes of marks: a mark is of a rule as it was, so it is void where the rule is another one. */
export function markChanges({ marks: from = [] }: Policy, { marks: to = [] }: Policy): Change[] {
  const lost = from.filter((mark) => !to.some(({ id }) => id === mark.id))
  const gained = to.filter((mark) => !from.some(({ id }) => id === mark.id))
  const change = ({ rule }: Mark, says: string, reach: Reach): Change => {
    return { part: 'marks', kind: 'changed', name: rule, says, reach }
  }
  return [
    ...lost.map((mark) =>
      change(mark, `Rule ${mark.rule} is no longer marked to settle ${mark.class} cases; a person does.`, 'narrows'),
    ),
    ...gained.map((mark) =>
      change(
        mark,
        `Rule ${mark.rule} is as it was when it was marked to settle ${mark.class} cases, so it may again.`,
        'widens',
      ),
    ),
    ...to.flatMap((mark) => {
      const before = from.find(({ id }) => id === mark.id)
      if (before === undefined || isSame(before, mark)) return []
      return [change(mark, `Rule ${mark.rule} is marked in another way than before.`, 'other')]
    }),
  ]
}
