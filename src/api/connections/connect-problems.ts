import { AddressRefusedError, DraftNotReadyError, GrantInvalidError, NotThereError } from '../../connections/errors.ts'
import { CrmBusyError, CrmReconnectError, CrmRefusedError, CrmUnknownError } from '../../crm/crm-client.ts'
import { ProblemError } from '../server/problem.ts'

/** Does something about a connection, and says what a person can act on where it fails. */
export async function connectProblems<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw asProblem(error)
  }
}

function asProblem(error: unknown): unknown {
  if (error instanceof AddressRefusedError || error instanceof GrantInvalidError) {
    return new ProblemError('bad-request', 400, error.message, {
      errors: error.problems.map(({ field, message }) => ({ field, problem: message })),
    })
  }
  if (error instanceof NotThereError) return new ProblemError('not-found', 404, ended(error.message))
  if (error instanceof DraftNotReadyError) return new ProblemError('not-ready', 409, ended(error.message))
  if (error instanceof CrmReconnectError) {
    return new ProblemError('crm-refused', 409, `${ended(error.message)} ${error.remedy}`)
  }
  if (error instanceof CrmRefusedError) return new ProblemError('crm-refused', 409, ended(error.message))
  if (error instanceof CrmBusyError) {
    const detail = `${ended(error.message)} Try again in a minute.`
    return new ProblemError('crm-busy', 503, detail, { retryable: true })
  }
  if (error instanceof CrmUnknownError) {
    const detail = `${ended(error.message)} Check that the CRM can be reached from here, and try again.`
    return new ProblemError('crm-no-answer', 503, detail, { retryable: true })
  }
  return error
}

function ended(sentence: string): string {
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`
}
