import type { MarkedClass } from '../model/policy/mark.ts'
import { markedContent, markedHash } from '../model/policy/marks.ts'
import type { DatabaseTransaction } from '../store/database/database.ts'
import { readPolicy, workflowsInForce } from '../store/decisions/policies.ts'
import { noteInLedger } from '../store/ledger/note-in-ledger.ts'
import { actorOf, type PersonId } from '../store/people/persons.ts'
import { insertMarks, type NewMark, noteMarksChanged } from '../store/publishing/marks.ts'

/** What the files of the sandbox say that its cast marked. */
export type CastMark = {
  readonly workflow: string
  /** Absent: each rule of the branches that settle something. */
  readonly rules?: readonly string[] | undefined
  readonly class: MarkedClass
  readonly reason: string
  readonly proposedBy: string
  readonly agreedBy: string
}

export const MARK_DAYS = 180

/** Before the first decision of the workflow, in the commit that gives the cast their jobs. Whom no CRM has marks nothing. */
export async function seedMarks(
  trx: DatabaseTransaction,
  workflow: string,
  named: readonly CastMark[],
  { people, nowMs }: { readonly people: ReadonlyMap<string, PersonId>; readonly nowMs: number },
): Promise<void> {
  const inForce = (await workflowsInForce(trx, undefined)).find((one) => one.workflow === workflow)
  if (inForce === undefined) return
  const { boundary } = await readPolicy(trx, inForce)
  const endsAt = new Date(nowMs + MARK_DAYS * 86_400_000)
  const marks = named
    .filter((one) => one.workflow === workflow)
    .flatMap(({ rules, class: of, reason, ...by }): NewMark[] => {
      const [first, second] = [people.get(by.proposedBy), people.get(by.agreedBy)]
      if (first === undefined || second === undefined) return []
      return boundary
        .filter(({ settles }) => settles.length > 0)
        .flatMap((branch) => branch.rules.map((rule) => ({ rule: rule.id, content: markedContent(branch, rule) })))
        .filter(({ rule }) => rules === undefined || rules.includes(rule))
        .map(({ rule, content }) => ({
          workflow,
          rule,
          ruleHash: markedHash(content),
          content,
          class: of,
          reason,
          origin: 'sandbox',
          proposedBy: actorOf(first),
          agreedBy: actorOf(second),
          endsAt,
        }))
    })
  if (marks.length === 0) return
  await insertMarks(trx, marks)
  await noteMarksChanged(trx, workflow)
  const body = { workflow, marks: marks.length }
  await noteInLedger(trx, [{ kind: 'marks-seeded', actor: 'environment', subject: workflow, body }])
}
