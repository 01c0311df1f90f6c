/** Why a job cannot be offered, taken or given back as it was asked. The message is a sentence for whoever asked. */
export type JobErrorCode =
  | 'no-workflow'
  | 'no-person'
  | 'no-job'
  | 'wrong-job'
  | 'inactive'
  | 'no-crm-user'
  | 'not-known'
  | 'offered-before'
  | 'held-before'
  | 'not-open'
  | 'wrong-days'
  | 'overlaps'
  | 'wrong-delegate'

export class JobError extends Error {
  override readonly name = 'JobError'
  readonly code: JobErrorCode
  constructor(code: JobErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
