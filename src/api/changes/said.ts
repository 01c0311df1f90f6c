import { PublishingError, type PublishingProblem } from '../../publishing/errors.ts'
import { ProblemError } from '../server/problem.ts'

const STATUS: Partial<Record<PublishingProblem, number>> = { 'no-draft': 404, 'not-connected': 404 }

/** What keeps a draft from going on is said, with what changed or which mistakes it has. */
export async function said<Value>(act: Promise<Value>): Promise<Value> {
  try {
    return await act
  } catch (error) {
    if (!(error instanceof PublishingError)) throw error
    const status = STATUS[error.problem] ?? 409
    const errors = error.details.map((problem) => ({ field: '', problem }))
    throw new ProblemError(status === 404 ? 'not-found' : 'draft-held-up', status, error.message, { errors })
  }
}
