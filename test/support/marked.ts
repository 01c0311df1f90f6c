import { MARKED_CLASSES, type Mark, type MarkedClass } from '../../src/model/policy/mark.ts'
import type { Policy } from '../../src/model/policy/policy.ts'

/** Longer than any test decides ahead. */
export const MARKS_END_MS = Date.parse('2099-01-01T00:00:00Z')

/** A mark for each rule of the branches that settle something, as `policy.marks`. */
export function marksFor(
  { boundary }: Pick<Policy, 'boundary'>,
  classes: readonly MarkedClass[] = ['risky'],
  endsAtMs = MARKS_END_MS,
): Mark[] {
  const rules = boundary.filter(({ settles }) => settles.length > 0).flatMap((branch) => branch.rules)
  return rules.flatMap(({ id: rule }, i) =>
    classes.map((of) => ({ id: 10 * (i + 1) + MARKED_CLASSES.indexOf(of), rule, class: of, endsAtMs })),
  )
}
