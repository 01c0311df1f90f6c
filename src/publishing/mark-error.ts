/**
 * What keeps a rule from being marked, for the person who asked. no-rule: the version in force has none of this name.
 * settles-nothing: its branch settles nothing, or the rule leaves records alone. vacant: a job of the workflow is vacant.
 * proposed: it waits for the second person already. rule-changed: it is not the rule that was proposed. over: somebody
 * agreed to it or ended it before, or its end has come. proposer-gone: whoever proposed it may no longer mark this rule.
 */
export type MarkProblem =
  | 'no-rule'
  | 'no-mark'
  | 'settles-nothing'
  | 'vacant'
  | 'proposed'
  | 'rule-changed'
  | 'over'
  | 'proposer-gone'

export class MarkError extends Error {
  override readonly name = 'MarkError'
  readonly problem: MarkProblem
  constructor(problem: MarkProblem, message: string) {
    super(message)
    this.problem = problem
  }
}
