import type { Conditions } from '../../model/rules/condition.ts'
import { isImplied } from '../../model/rules/overlap.ts'
import { together } from '../../model/rules/render.ts'
import { areRead } from './condition-document.ts'

/** A row of a table of which the first that fits counts. `name`: as people say it, `rule "dach"`. */
export type TableRow = { readonly name: string; readonly when: Conditions }

/** Of longer lists the values are not taken one by one. */
const VALUES_MAX = 300

/**
 * The rows above that leave nothing to this one, by name; null: some record may reach it. One row may do so alone, or
 * several together, each for some of the values that this one lists.
 */
export function takenBefore(row: TableRow, above: readonly TableRow[]): readonly string[] | null {
  if (![row, ...above].every(({ when }) => areRead(when))) return null
  const alone = above.find(({ when }) => isImplied(when, row.when))
  if (alone !== undefined) return [alone.name]
  for (const [i, condition] of row.when.entries()) {
    if (condition.op !== 'in' || condition.values.length < 2 || condition.values.length > VALUES_MAX) continue
    const takers = condition.values.map((value) => {
      const one = row.when.with(i, { ...condition, values: [value] })
      return above.find(({ when }) => isImplied(when, one))?.name
    })
    if (takers.every((name) => name !== undefined)) return [...new Set(takers)]
  }
  return null
}

export function inWordsTaken(takers: readonly string[]): string {
  const narrow = takers.length > 1 ? 'those above' : takers[0]
  return `is never reached: every record that meets it is taken by ${together(takers)} above, because the first that fits counts; move it up, or narrow ${narrow}`
}
