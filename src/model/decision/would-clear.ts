import type { Finding } from '../patterns/contract/finding.ts'
import { patternOf } from '../patterns/registry.ts'
import type { CompiledPolicy } from '../policy/compile.ts'
import type { PatternSetting } from '../policy/policy.ts'
import { type Routing, routingChange } from '../policy/routing.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import type { CaseFacts } from '../rules/case-facts.ts'
import { withRecord } from '../rules/facts.ts'

/** M57: the smallest change that would end the exception, tried by detecting again; null where no single one would. */
export function wouldClear(
  compiled: CompiledPolicy,
  facts: CaseFacts,
  routing: Routing,
  finding: Finding,
  setting: PatternSetting,
): string | null {
  const pattern = patternOf(setting)
  // Another owner by the rules makes it another exception or none.
  if (pattern.restsOn === 'routing') return routingChange(compiled, facts, routing)
  const { record } = facts
  const input = { facts, compiled, routing: null, refused: null }
  const isStillFound = (changed: CrmRecord, nowMs: number) => {
    const { findings } = pattern.detect(setting, { ...input, facts: withRecord(facts, changed, nowMs) })
    return findings.some(({ detail }) => detail === finding.detail)
  }
  for (const change of pattern.clearing(setting, { finding, routing }, input)) {
    const changed: CrmRecord = {
      ...record,
      values: { ...record.values, [change.field]: change.to },
      stamps: { ...record.stamps, [change.field]: { atMs: facts.nowMs, order: 0 } },
    }
    if (!isStillFound(changed, facts.nowMs)) return change.says
  }
  const { nextRecheckAtMs } = pattern.detect(setting, input)
  if (nextRecheckAtMs !== null && !isStillFound(record, nextRecheckAtMs)) {
    return `It clears by itself at ${new Date(nextRecheckAtMs).toISOString()}.`
  }
  return null
}
