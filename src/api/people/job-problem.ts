import { JobError } from '../../people/job-error.ts'
import { ProblemError } from '../server/problem.ts'

/** Runs an act on jobs; why it was not possible, as the answer says it. */
export async function done(act: () => Promise<unknown>): Promise<{ readonly done: true }> {
  await orProblem(act)
  return { done: true }
}

export async function orProblem<Answer>(act: () => Promise<Answer>): Promise<Answer> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof JobError)) throw error
    const { code, message } = error
    if (code === 'no-person' || code === 'no-job' || code === 'no-workflow') {
      throw new ProblemError('not-found', 404, message, { cause: error })
    }
    if (code === 'not-open' || code === 'held-before' || code === 'offered-before' || code === 'overlaps') {
      throw new ProblemError('out-of-date', 409, message, { cause: error })
    }
    throw new ProblemError('bad-request', 400, message, { cause: error })
  }
}
