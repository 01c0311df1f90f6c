import type { EntryProblem } from '../crm/grant.ts'

/** An address that we do not give credentials to. */
export class AddressRefusedError extends Error {
  override readonly name = 'AddressRefusedError'
  readonly code = 'ADDRESS_REFUSED'
  readonly problems: readonly EntryProblem[]
  constructor(problems: readonly EntryProblem[]) {
    super(problems.map(({ message }) => message).join(' '))
    this.problems = problems
  }
}

/** What was entered cannot be a grant of that kind. */
export class GrantInvalidError extends Error {
  override readonly name = 'GrantInvalidError'
  readonly code = 'GRANT_INVALID'
  readonly problems: readonly EntryProblem[]
  constructor(problems: readonly EntryProblem[]) {
    super(problems.map(({ message }) => message).join(' '))
    this.problems = problems
  }
}

/** The answer of a login that is not one that this browser is waiting for. */
export class StateRefusedError extends Error {
  override readonly name = 'StateRefusedError'
  readonly code = 'STATE_REFUSED'
  readonly reason: 'unknown' | 'used' | 'stale' | 'other-session' | 'other-provider'
  constructor(reason: StateRefusedError['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}

/** Not in this state: the checks have not run, something required is missing, or it is another account. */
export class DraftNotReadyError extends Error {
  override readonly name = 'DraftNotReadyError'
  readonly code = 'DRAFT_NOT_READY'
}

/** A draft or a connection that is not there, or not any more. */
export class NotThereError extends Error {
  override readonly name = 'NotThereError'
  readonly code = 'NOT_THERE'
}
