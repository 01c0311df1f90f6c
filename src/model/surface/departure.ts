import type { Decision } from '../decision/decision.ts'
import { orphanedOwner } from '../patterns/orphaned-owner.ts'
import { unknownInWords } from '../rules/unknown-in-words.ts'

/** What becomes of one record of somebody who left, by one workflow. */
export type DepartureOutcome =
  | { readonly kind: 'rule'; readonly workflow: string; readonly rule: string; readonly to: string }
  | {
      /** A case for this person. */
      readonly kind: 'case'
      readonly workflow: string
      /** Null: no branch covers the record. */
      readonly branch: string | null
      readonly to: string
    }
  | { readonly kind: 'unknown'; readonly workflow: string; readonly why: string }
  /** Nothing happens to it: no workflow covers it, or the workflow does not look for owners who left. Null: none watches it. */
  | { readonly kind: 'stays'; readonly workflow: string | null }

/** Reads a decision that was made as if the owner had left. */
export function departureOutcome(workflow: string, { write, unknown, exceptions }: Decision): DepartureOutcome {
  if (write !== null) return { kind: 'rule', workflow, rule: write.rule, to: write.toEmail }
  if (unknown !== null) return { kind: 'unknown', workflow, why: unknownInWords(unknown) }
  const open = exceptions.filter(({ status }) => status === 'open')
  const found = open.find(({ finding }) => finding.pattern === orphanedOwner.name) ?? open[0]
  if (found === undefined) return { kind: 'stays', workflow }
  return { kind: 'case', workflow, branch: found.receipt.branch, to: found.owner }
}

export type CountedOutcome = { readonly outcome: DepartureOutcome; readonly records: number }

/** Counts equal outcomes, the most frequent first. */
export class OutcomeCounts {
  readonly #counts = new Map<string, { outcome: DepartureOutcome; records: number }>()

  add(outcome: DepartureOutcome, records = 1): void {
    const key = JSON.stringify(outcome)
    const known = this.#counts.get(key)
    if (known === undefined) this.#counts.set(key, { outcome, records })
    else known.records += records
  }

  list(): CountedOutcome[] {
    return [...this.#counts].sort(([a, x], [b, y]) => y.records - x.records || (a < b ? -1 : 1)).map(([, one]) => one)
  }
}
