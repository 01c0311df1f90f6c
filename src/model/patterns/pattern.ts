import type { Policy } from '../policy/policy.ts'
import type { CaseFacts } from '../rules/facts.ts'
import type { Finding } from './finding.ts'

/** What a pattern says about one record at one moment. */
export type Detection = {
  readonly findings: readonly Finding[]
  /** When the answer can change although the record does not: a grace or a window ends. Null: it cannot. */
  readonly nextRecheckAtMs: number | null
}

/** Shared, because most records have nothing wrong with them. */
export const NOTHING: Detection = { findings: [], nextRecheckAtMs: null }

export function found(finding: Finding): Detection {
  return { findings: [finding], nextRecheckAtMs: null }
}

/** One record under one policy. */
export type Case = { readonly facts: CaseFacts; readonly policy: Policy }

/** A finding with the parts that are usually empty left out. */
export function finding(parts: Pick<Finding, 'pattern' | 'what' | 'todo' | 'evidence'> & Partial<Finding>): Finding {
  return { detail: '', cause: null, causeTitle: null, involves: [], unreadable: [], ...parts }
}
