import type { FieldText } from '../../record/change-event.ts'
import { Unknown } from '../../record/knowledge.ts'
import type { CaseFacts } from '../../rules/case-facts.ts'
import type { CompiledConditions } from '../../rules/evaluate.ts'

/** The inputs of these conditions with their values. What is not known is left out: it is no evidence for anything. */
export function evidenceOf(conditions: CompiledConditions, facts: CaseFacts): Record<string, FieldText> {
  const evidence: Record<string, FieldText> = {}
  for (const { condition, read } of conditions) {
    const value = read(facts)
    if (!(value instanceof Unknown)) evidence[condition.field] = value
  }
  return evidence
}
