import type { Act, Verdict } from '../model/authority/acts.ts'

export type Refusal = Extract<Verdict, { readonly allowed: false }>

export type Named = { readonly id: string; readonly name: string }

/** Somebody asked for an act that is not theirs. Nothing was changed; the ledger has it. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
  readonly act: Act
  readonly verdict: Refusal
  /** `verdict.whoMay` with names, the first to ask first. */
  readonly whoMay: readonly Named[]
  constructor(act: Act, verdict: Refusal, whoMay: readonly Named[], freedBy = '') {
    super(`${verdict.because}${freedBy}`)
    this.act = act
    this.verdict = verdict
    this.whoMay = whoMay
  }
}
