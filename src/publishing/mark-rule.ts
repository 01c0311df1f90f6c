import type { Actor, Subject } from '../model/authority/acts.ts'
import { isApproved } from '../model/authority/approvals.ts'
import { blocksWidening } from '../model/authority/readiness.ts'
import type { ReadinessProblem } from '../model/authority/readiness-problem.ts'
import type { MarkedClass } from '../model/policy/mark.ts'
import { findRule, type MarkedContent, markedContent, markedHash } from '../model/policy/marks.ts'
import type { Policy } from '../model/policy/policy.ts'
import { inScope } from '../people/pause.ts'
import { ledgerActor } from '../people/permitted.ts'
import { queueCasesOf, watchingConnections } from '../people/refresh-readiness.ts'
import { databaseNowMs } from '../store/database/clock.ts'
import type { Database, DatabaseTransaction } from '../store/database/database.ts'
import { policyInForce, problemsOf } from '../store/decisions/policies.ts'
import { noteInLedger } from '../store/ledger/note-in-ledger.ts'
import { lanesHeld } from '../store/people/lane-holders.ts'
import { personOfActor } from '../store/people/persons.ts'
import { findDraft } from '../store/publishing/drafts.ts'
import {
  agreeTo,
  endLateProposals,
  endMarkRow,
  findMark,
  insertMarks,
  type MarkRow,
  noteMarksChanged,
  writesResting,
} from '../store/publishing/marks.ts'
import { publicationsOf } from '../store/publishing/publications.ts'
import { markDirty } from '../store/records/mark-dirty.ts'
import type { WorkflowContent } from './documents.ts'
import { MarkError } from './mark-error.ts'

export type MarkProposal = {
  readonly workflow: string
  readonly rule: string
  readonly class: MarkedClass
  readonly reason: string
  readonly days: number
}

/**
 * The first of two yeses: the boundary owner or a second person proposes that a rule settle cases of a class without a person.
 * It lets nothing until the other one agrees. Throws `RefusedError`, and `MarkError` for what cannot be marked.
 */
export async function proposeMark(db: Database, actor: Actor, of: MarkProposal): Promise<number> {
  const { workflow, rule, class: name, reason, days } = of
  const { content, hash } = await markable(db, workflow, rule)
  const subject = await subjectOf(db, { workflow, rule, hash }, [])
  return act(db, actor, subject, workflow, async (trx) => {
    await refuseVacant(trx, workflow)
    await sameRule(trx, { workflow, rule, ruleHash: hash })
    const endsAt = new Date((await databaseNowMs(trx)) + days * 86_400_000)
    const by = ledgerActor(actor)
    const mark = { workflow, rule, ruleHash: hash, content, class: name, reason, endsAt }
    await endLateProposals(trx, { workflow, rule })
    const [id] = await insertMarks(trx, [{ ...mark, origin: 'people', proposedBy: by, agreedBy: null }])
    if (id == null)
      throw new MarkError('proposed', 'This rule is proposed for this class already and waits for the second person.')
    await note(trx, 'mark-proposed', by, { id, ...mark }, {})
    return id
  })
}

/** The second yes, by another person. From the commit on every process lets the rule settle such cases. */
export async function agreeToMark(db: Database, actor: Actor, id: number): Promise<void> {
  const mark = await openMark(db, id)
  const subject = await markSubject(db, mark)
  await act(db, actor, subject, mark.workflow, async (trx) => {
    await refuseVacant(trx, mark.workflow)
    const policy = await sameRule(trx, mark)
    const second = actor.kind === 'person' ? [actor.personId] : []
    const now = { lanes: await lanesHeld(trx, [mark.workflow]), nowMs: await databaseNowMs(trx) }
    if (!isApproved('mark', { ...subject, approvedBy: [...(subject.approvedBy ?? []), ...second] }, now)) {
      throw new MarkError(
        'proposer-gone',
        'These two people together may not mark the rule. It takes the boundary owner and a second person who did not write it; if it came with a file whose author is not known, the second is the workflow owner or the override owner. Propose it again.',
      )
    }
    const by = ledgerActor(actor)
    if (!(await agreeTo(trx, id, by)))
      throw new MarkError('over', 'Somebody else agreed to this mark or ended it, or its end has come.')
    await decideAgain(trx, policy)
    await note(trx, 'mark-agreed', by, mark, {})
  })
}

/** Taken back, which only narrows: by the boundary or the rollback owner alone. No write that rests on it leaves afterwards. */
export async function endMark(db: Database, actor: Actor, id: number, reason: string): Promise<void> {
  const mark = await openMark(db, id)
  const { workflow } = mark
  const scope = { kind: 'workflow', workflow } as const
  const subject = { workflow, about: aboutOf(mark) }
  await inScope(db, { actor, act: 'narrow', subject, scope }, async (trx) => {
    const by = ledgerActor(actor)
    if (!(await endMarkRow(trx, id, by, reason))) throw new MarkError('over', 'Somebody else ended this mark before.')
    if (mark.agreedAt !== null) {
      await markDirty(trx, await writesResting(trx, mark))
      const policy = await policyInForce(trx, workflow)
      if (policy !== null) await decideAgain(trx, policy)
    }
    await note(trx, 'mark-ended', by, mark, { reason })
  })
}

/** Asked before, and again under the permits of the workflow, when nobody's job in it can change any more. */
function act<Value>(
  db: Database,
  actor: Actor,
  subject: Subject,
  workflow: string,
  work: (trx: DatabaseTransaction) => Promise<Value>,
): Promise<Value> {
  return inScope(db, { actor, act: 'mark', subject, scope: { kind: 'workflow', workflow } }, work)
}

/** The rule of the version in force, as a mark binds to it. */
async function markable(
  db: Database,
  workflow: string,
  rule: string,
): Promise<{ readonly policy: Policy; readonly content: MarkedContent; readonly hash: string }> {
  const policy = await policyInForce(db, workflow)
  const found = policy === null ? null : findRule(policy, rule)
  if (policy === null || found === null) {
    throw new MarkError(
      'no-rule',
      `The version of ${workflow} in force has no rule "${rule}". Reload the page and choose another one.`,
    )
  }
  if (found.branch.settles.length === 0 || found.rule.owner === 'leave-alone') {
    const why =
      found.rule.owner === 'leave-alone'
        ? 'it leaves records alone'
        : `its branch ${found.branch.branch} settles nothing`
    throw new MarkError(
      'settles-nothing',
      `A mark of "${rule}" would let nothing: ${why}. Change the branch with a draft first.`,
    )
  }
  const content = markedContent(found.branch, found.rule)
  return { policy, content, hash: markedHash(content) }
}

async function sameRule(
  trx: DatabaseTransaction,
  { workflow, rule, ruleHash }: Pick<MarkRow, 'workflow' | 'rule' | 'ruleHash'>,
): Promise<Policy> {
  const { policy, hash } = await markable(trx, workflow, rule)
  if (hash === ruleHash) return policy
  throw new MarkError('rule-changed', `Rule "${rule}" was edited since it was proposed. Propose the rule as it is now.`)
}

/** M40: a vacancy blocks marks from the moment it is there. */
async function refuseVacant(trx: DatabaseTransaction, workflow: string): Promise<void> {
  const problems = ((await problemsOf<ReadinessProblem>(trx, workflow)) ?? []).filter(({ kind }) => kind === 'vacant')
  if (!blocksWidening(problems)) return
  const message = `No rule is marked while a job is vacant: ${problems[0]!.problem}. Fill it on the page People first.`
  throw new MarkError('vacant', message)
}

async function openMark(db: Database, id: number): Promise<MarkRow> {
  const mark = await findMark(db, id)
  if (mark === null) throw new MarkError('no-mark', `There is no mark ${id}. Reload the page.`)
  if (mark.endedAt !== null || mark.isOver)
    throw new MarkError('over', 'This mark has ended. Reload the page, and propose a new one where it is still needed.')
  return mark
}

/** What the second yes is asked about. */
export async function markSubject(db: Database, mark: MarkRow): Promise<Subject> {
  const proposer = personOfActor(mark.proposedBy)
  return subjectOf(db, { ...mark, hash: mark.ruleHash }, proposer === null ? [] : [proposer])
}

async function subjectOf(
  db: Database,
  of: { readonly workflow: string; readonly rule: string; readonly hash: string },
  approvedBy: readonly string[],
): Promise<Subject> {
  return { workflow: of.workflow, authors: await authorsOf(db, of), approvedBy, about: aboutOf(of) }
}

const VERSIONS_MAX = 200

/**
 * Everybody who wrote a draft that made the rule what it is, also before it was something else for a while. Null: one of those
 * drafts came as a file, and nobody knows who wrote it. What the sandbox or an upgrade put in force has no author.
 */
async function authorsOf(
  db: Database,
  { workflow, rule, hash }: { readonly workflow: string; readonly rule: string; readonly hash: string },
): Promise<readonly string[] | null> {
  const drafts = new Set<number>()
  let since: number | null = null
  for (const { how, content, draftId } of await publicationsOf(db, `workflow:${workflow}`, VERSIONS_MAX)) {
    if (how === 'ended') break
    const found = findRule(content as WorkflowContent, rule)
    if (found !== null && markedHash(markedContent(found.branch, found.rule)) === hash) since = draftId
    else if (since !== null) {
      drafts.add(since)
      since = null
    }
  }
  if (since !== null) drafts.add(since)
  const authors = new Set<string>()
  for (const id of drafts) {
    const wrote = (await findDraft(db, id))?.authors ?? null
    if (wrote === null) return null
    for (const person of wrote) authors.add(person)
  }
  return [...authors]
}

/** Workers decide by it from their next batch on; open cases of the workflow are decided again, no other record is. */
async function decideAgain(trx: DatabaseTransaction, policy: Policy): Promise<void> {
  await noteMarksChanged(trx, policy.workflow)
  await queueCasesOf(trx, policy, await watchingConnections(trx))
}

function aboutOf({ workflow, rule }: Pick<MarkRow, 'workflow' | 'rule'>): string {
  return `${workflow}/${rule}`
}

async function note(
  trx: DatabaseTransaction,
  kind: string,
  actor: string,
  mark: Pick<MarkRow, 'id' | 'workflow' | 'rule' | 'ruleHash' | 'class' | 'endsAt'>,
  more: Readonly<Record<string, string>>,
): Promise<void> {
  const { id, ruleHash, class: of, endsAt } = mark
  const body = { mark: id, ruleHash, class: of, endsAt: endsAt.toISOString(), ...more }
  await noteInLedger(trx, [{ kind, actor, subject: aboutOf(mark), body }])
}
