import type { Actor } from '../../model/authority/acts.ts'
import { isMarkedClass } from '../../model/policy/mark.ts'
import { type MarkedContent, markedContent, markedHash } from '../../model/policy/marks.ts'
import type { Policy } from '../../model/policy/policy.ts'
import { renderConditions, renderOwner } from '../../model/rules/render.ts'
import { verdictOn } from '../../people/permitted.ts'
import { MARK_DAYS, MARK_NOTICE_DAYS } from '../../publishing/mark-days.ts'
import { markSubject } from '../../publishing/mark-rule.ts'
import { databaseNowMs } from '../../store/database/clock.ts'
import type { Database } from '../../store/database/database.ts'
import { policiesInForce } from '../../store/decisions/policies.ts'
import { namesOf, personOfActor } from '../../store/people/persons.ts'
import { type MarkRow, standingMarks } from '../../store/publishing/marks.ts'
import type { MarksReply, MarkView } from './mark-types.ts'

/** What is marked, what waits for its second person, and what could be, for whoever asks. */
export async function readMarks(db: Database, actor: Actor): Promise<MarksReply> {
  const [rows, versions, nowMs] = [await standingMarks(db), await policiesInForce(db), await databaseNowMs(db)]
  const policies = new Map(versions.map(({ policy }) => [policy.workflow, policy]))
  const people = rows.flatMap((row) => [row.proposedBy, row.agreedBy].flatMap((by) => personOfActor(by ?? '') ?? []))
  const names = await namesOf(db, people)
  const refusals = new Map<string, string | null>()
  const refusalOf = async (workflow: string) => {
    if (!refusals.has(workflow)) refusals.set(workflow, because(await verdictOn(db, actor, 'narrow', { workflow })))
    return refusals.get(workflow)!
  }
  const marks: MarkView[] = []
  for (const row of rows) {
    const policy = policies.get(row.workflow) ?? null
    marks.push({
      ...viewOf(row, policy, names, nowMs),
      mayNotAgree:
        row.agreedAt === null ? because(await verdictOn(db, actor, 'mark', await markSubject(db, row))) : null,
      mayNotEnd: await refusalOf(row.workflow),
    })
  }
  const workflows: MarksReply['workflows'] = []
  for (const policy of policies.values()) {
    const rules = markableRules(policy)
    if (rules.length === 0) continue
    const { workflow, title } = policy
    workflows.push({ workflow, title, rules, mayNot: because(await verdictOn(db, actor, 'mark', { workflow })) })
  }
  return { days: MARK_DAYS, marks, workflows }
}

function because(verdict: Awaited<ReturnType<typeof verdictOn>>): string | null {
  return verdict.allowed ? null : verdict.because
}

function viewOf(
  row: MarkRow,
  policy: Policy | null,
  names: ReadonlyMap<string, string>,
  nowMs: number,
): Omit<MarkView, 'mayNotAgree' | 'mayNotEnd'> {
  const { id, workflow, rule, class: of, reason, origin, endsAt, content } = row
  const by = [row.proposedBy, row.agreedBy].flatMap((actor) => {
    const personId = personOfActor(actor ?? '')
    return personId === null ? [] : [names.get(personId) ?? personId]
  })
  const isProposal = row.agreedAt === null
  const now = policy?.boundary.flatMap((branch) => branch.rules.map((one) => markedContent(branch, one)))
  const isSame = now?.some((one) => one.rule.id === rule && markedHash(one) === row.ruleHash) ?? false
  return {
    id,
    workflow,
    title: policy?.title ?? workflow,
    rule,
    says: inWords(content),
    class: of,
    reason,
    origin,
    by,
    isProposal,
    isVoid: !isSame,
    endsAt: endsAt.toISOString(),
    endsSoon: endsAt.getTime() - nowMs <= MARK_NOTICE_DAYS[0] * 86_400_000,
  }
}

/** "If the country is DE, it goes to Anna." */
function inWords({ rule, branch }: MarkedContent): string {
  const when = [...branch, ...rule.when]
  return `If ${renderConditions(when)}, it goes to ${renderOwner(rule.owner)}.`
}

function markableRules(policy: Policy): MarksReply['workflows'][number]['rules'] {
  return policy.boundary
    .filter(({ mode, settles }) => mode === 'rules' && settles.length > 0)
    .flatMap((branch) =>
      branch.rules
        .filter(({ owner }) => owner !== 'leave-alone')
        .map((rule) => ({
          rule: rule.id,
          says: inWords(markedContent(branch, rule)),
          marked: [
            ...new Set((policy.marks ?? []).filter((mark) => mark.rule === rule.id).map((mark) => mark.class)),
          ].filter(isMarkedClass),
        })),
    )
}
