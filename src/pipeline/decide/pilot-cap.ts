import { decide } from '../../model/decision/decide.ts'
import type { DecideInput, Decision } from '../../model/decision/decision.ts'
import type { PolicyVersion } from '../../model/policy/policy.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { countOwnersToday } from '../../store/writes/owner-intents.ts'
import type { DecidedRecord } from './plan-changes.ts'

export type DecidedFrom = DecidedRecord & { readonly input: DecideInput }

/** `againAtMs`: when a write that the cap left no room for is decided again; null: there is none. */
export type CappedDecision = DecidedRecord & { readonly againAtMs: number | null }

/**
 * Keeps each pilot within its owner writes per day. Decisions past the cap are made again without a write: their cases go
 * to people now, and after midnight the write is decided again.
 */
export async function withinDailyCaps(
  trx: DatabaseTransaction,
  results: readonly DecidedFrom[],
  isWanted: (result: DecidedRecord) => boolean,
): Promise<CappedDecision[]> {
  const capped = new Map<string, DecidedFrom[]>()
  for (const result of results) {
    const { workflow, pilot } = result.workflow.version.policy
    if (result.workflow.effectiveMode !== 'pilot' || pilot === null || !isWanted(result)) continue
    capped.set(workflow, [...(capped.get(workflow) ?? []), result])
  }
  const withheld = new Map<DecidedRecord, CappedDecision>()
  // Always in the same order, because each count takes a lock.
  for (const [workflow, wanted] of [...capped].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { calendar, pilot } = wanted[0]!.workflow.version.policy
    const { written, nextMidnightMs } = await countOwnersToday(trx, workflow, calendar.timeZone)
    const left = Math.max(0, pilot!.dailyCap - written)
    for (const result of wanted.slice(left))
      withheld.set(result, { ...result, decision: withoutWrite(result, pilot!.dailyCap), againAtMs: nextMidnightMs })
  }
  return results.map((result) => withheld.get(result) ?? { ...result, againAtMs: null })
}

function withoutWrite({ input, decision }: DecidedFrom, dailyCap: number): Decision {
  const { record } = input
  const { rule, toEmail } = decision.write!
  const again = decide({ ...input, version: writingNothing(input.version) })
  const noun = objectShape(record.crm, record.objectType)!.noun
  const wouldHave =
    `Rule ${rule} would have assigned this ${noun} to ${toEmail}, but the pilot has used its ` +
    `limit of ${dailyCap} owner changes for today.`
  return {
    ...again,
    exceptions: again.exceptions.map((exception) => ({ ...exception, wouldHave })),
  }
}

const silent = new WeakMap<PolicyVersion, PolicyVersion>()

/** The same version gives the same object, so that the model compiles it once. */
function writingNothing(version: PolicyVersion): PolicyVersion {
  const known = silent.get(version) ?? { ...version, policy: { ...version.policy, mode: 'observe' as const } }
  silent.set(version, known)
  return known
}
