/**
 * What keeps a draft from going on, for the person who asked. no-draft: there is none, or it ended. changed: it has another
 * text than the one that was read. base-moved: another version came into force since. under-way: another draft of it is on
 * its way. mistakes: the text has some. names-jobs: it names people for jobs. no-change: it says what is in force.
 * nothing-before: there is no version to go back to. nothing-read: no object of the CRM was read yet. not-connected: the CRM
 * is not connected any more. busy: as many drafts as may are being tried.
 */
export type PublishingProblem =
  | 'no-draft'
  | 'changed'
  | 'base-moved'
  | 'under-way'
  | 'mistakes'
  | 'names-jobs'
  | 'no-change'
  | 'nothing-before'
  | 'nothing-read'
  | 'not-connected'
  | 'busy'

export class PublishingError extends Error {
  override readonly name = 'PublishingError'
  readonly problem: PublishingProblem
  /** Sentences with more: what changed, which mistakes. */
  readonly details: readonly string[]
  constructor(problem: PublishingProblem, message: string, details: readonly string[] = []) {
    super(message)
    this.problem = problem
    this.details = details
  }
}
