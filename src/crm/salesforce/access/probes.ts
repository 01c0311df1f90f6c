import type { AccessCheck } from '../../../model/record/crm-facts.ts'
import { CrmRefusedError, CrmUnknownError } from '../../crm-client.ts'

export type Question = Pick<AccessCheck, 'id' | 'title' | 'need' | 'costs'> & {
  /** Where an admin grants it, told when it does not work and the answer has no better advice. */
  readonly grant: string
}

/** Asks one thing and notes the answer; what `run` throws is the answer, unless the CRM cannot be asked at all. */
export type Ask = (question: Question, run: () => Promise<void>) => Promise<AccessCheck['state']>

/** What a question found out by itself. `state` missing: a plain "no"; unknown: no usable answer. */
export class AccessAnswer extends Error {
  override readonly name = 'AccessAnswer'
  readonly state: 'missing' | 'unknown'
  readonly grant: string | null
  constructor(
    said: string,
    { state = 'missing', grant = null }: { state?: 'missing' | 'unknown'; grant?: string | null } = {},
  ) {
    super(said)
    this.state = state
    this.grant = grant
  }
}

export async function answerOf({ grant, ...question }: Question, run: () => Promise<void>): Promise<AccessCheck> {
  try {
    await run()
    return { ...question, state: 'works', grant: null, said: null }
  } catch (error) {
    if (error instanceof AccessAnswer) {
      return { ...question, state: error.state, grant: error.grant ?? grant, said: error.message }
    }
    if (error instanceof CrmRefusedError) {
      return { ...question, state: 'missing', grant, said: `${error.message} (${error.code})` }
    }
    if (error instanceof CrmUnknownError)
      return { ...question, state: 'unknown', grant: 'Check again in a minute.', said: error.message }
    throw error
  }
}
