import type { LaneHeld, Subject } from './acts.ts'
import { lanesNow, peopleOf, TERMINAL } from './lane-people.ts'
import { ADMINS, everyJob, place, type TogetherAct, workflowsOf } from './requirement.ts'

/** So many yeses of these people. */
type Slot = { readonly people: ReadonlySet<string>; readonly count: number }

/** One way of having all yeses. Of two slots that one person may not fill alone, neither has the other's people. */
type Way = readonly Slot[]

export type ApprovalsMissing = {
  /** Yeses at the least. Infinite: the people are not there, whoever says yes. */
  readonly count: number
  /** Whose yes would bring it closer, the boundary owner first. */
  readonly whoMay: readonly string[]
}

/** What an act that takes several yeses still wants, given who said yes to exactly this. */
export function approvalsMissing(
  act: TogetherAct,
  subject: Subject,
  { lanes, nowMs }: { readonly lanes: readonly LaneHeld[]; readonly nowMs: number },
): ApprovalsMissing {
  const held = lanesNow(lanes, nowMs)
  const ways = waysOf(act, subject, held)
  const given = new Set(subject.approvedBy ?? [])
  const count = missingOf(ways, given)
  if (count === 0 || count === Number.POSITIVE_INFINITY) return { count, whoMay: [] }
  const people = new Set(ways.flatMap((way) => way.flatMap((slot) => [...slot.people])))
  const whoMay = [...people].filter((id) => !given.has(id) && missingOf(ways, new Set([...given, id])) < count)
  return { count, whoMay }
}

/** True where everybody who has to has said yes. */
export function isApproved(
  act: TogetherAct,
  subject: Subject,
  now: { readonly lanes: readonly LaneHeld[]; readonly nowMs: number },
): boolean {
  return approvalsMissing(act, subject, now).count === 0
}

function missingOf(ways: readonly Way[], given: ReadonlySet<string>): number {
  let least = Number.POSITIVE_INFINITY
  for (const way of ways) {
    let count = 0
    for (const slot of way) {
      if (slot.people.size < slot.count) count = Number.POSITIVE_INFINITY
      else count += Math.max(0, slot.count - [...given].filter((id) => slot.people.has(id)).length)
    }
    least = Math.min(least, count)
  }
  return least
}

function waysOf(act: TogetherAct, subject: Subject, lanes: readonly LaneHeld[]): Way[] {
  const workflows = workflowsOf(subject)
  const [workflow] = workflows
  if (act === 'allow-writing') return [writingWay(workflows, subject, lanes)]
  if (workflow === undefined) return []
  switch (act) {
    case 'approve-publish':
      return publishWays(workflow, subject, lanes)
    case 'mark':
      return markWays(workflow, subject, lanes)
    case 'announce-change':
      return [
        [
          one(peopleOf([[place(workflow, 'workflow', 'standing-in')]], lanes)),
          one(peopleOf([[place(workflow, 'boundary', 'standing-in')]], lanes)),
        ],
      ]
  }
}

/**
 * The boundary owner or their deputy, and somebody who is not an author. Whoever wrote it and gives the first yes may not
 * choose a reader who depends on them: the second is then the workflow owner, its deputy or the override owner. Nobody
 * knows who wrote a file, so it takes two besides.
 */
function publishWays(workflow: string, { authors }: Subject, lanes: readonly LaneHeld[]): Way[] {
  const wrote = new Set(authors ?? [])
  const named = peopleOf([everyJob(workflow)], lanes)
  const independent = peopleOf(
    [[place(workflow, 'workflow', 'always'), place(workflow, 'override', 'standing-in')]],
    lanes,
  )
  return peopleOf([[place(workflow, 'boundary', 'always')]], lanes).map((first) => {
    const readers = (wrote.has(first) ? independent : named).filter((id) => id !== first && !wrote.has(id))
    return [one([first]), { people: new Set(readers), count: authors === null ? 2 : 1 }]
  })
}

/** The boundary owner and a second person, who did not write the rule. */
function markWays(workflow: string, { authors }: Subject, lanes: readonly LaneHeld[]): Way[] {
  // Of a file that nobody wrote, as far as anybody knows, the second is one of those who judge it for the workflow.
  const seconds =
    authors === null
      ? [place(workflow, 'workflow', 'always'), place(workflow, 'override', 'standing-in')]
      : everyJob(workflow)
  const named = peopleOf([seconds], lanes)
  return peopleOf([[place(workflow, 'boundary', 'standing-in')]], lanes).map((first) => [
    one([first]),
    one(named.filter((id) => id !== first && !(authors ?? []).includes(id))),
  ])
}

/** An admin, and the workflow owner of each workflow concerned. A workflow that nobody owns yet has nobody to ask. */
function writingWay(workflows: readonly string[], { approvedBy }: Subject, lanes: readonly LaneHeld[]): Way {
  const terminal = approvedBy?.includes(TERMINAL.personId) ? [TERMINAL.personId] : []
  const owners = workflows.map((workflow) => peopleOf([[place(workflow, 'workflow', 'standing-in')]], lanes))
  return [one([...peopleOf([[ADMINS]], lanes), ...terminal]), ...owners.filter((people) => people.length > 0).map(one)]
}

function one(people: readonly string[]): Slot {
  return { people: new Set(people), count: 1 }
}
