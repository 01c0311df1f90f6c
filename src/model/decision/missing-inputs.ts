import type { CompiledPolicy } from '../policy/compile.ts'
import type { Routing } from '../policy/routing.ts'
import { type Truth, Unknown } from '../record/knowledge.ts'
import type { CaseFacts } from '../rules/case-facts.ts'
import type { FoundExceptions } from './find-exceptions.ts'
import type { FoundException } from './found-exception.ts'
import { maySettle, mayWrite, nextInDoubt } from './ruled-owner.ts'

/** Every input that is not known and on which this decision rests. Null: none. */
export function whatIsMissing(
  { found, unknown }: FoundExceptions,
  compiled: CompiledPolicy,
  facts: CaseFacts,
  routing: Routing,
  waits: Truth,
): Unknown | null {
  let missing = waits instanceof Unknown ? Unknown.both(unknown, waits) : unknown
  for (const one of found) missing = Unknown.both(missing, one.unknown)
  if (!isRoutingAsked(found, compiled, waits)) return missing
  missing = Unknown.both(missing, routing.unknown)
  if (routing.winner === null) return missing
  const allowed = mayWrite(compiled, facts)
  if (allowed === false) return missing
  missing = Unknown.both(missing, Unknown.both(facts.ownerUnknown, nextInDoubt(compiled, facts, routing)))
  return allowed === true ? missing : Unknown.both(missing, allowed)
}

/** Whether anything rests on where the rules send the record: it waits, or a rule may settle what was found. */
export function isRoutingAsked(found: readonly FoundException[], compiled: CompiledPolicy, waits: Truth): boolean {
  return waits !== false || found.some(({ finding }) => maySettle(compiled.branches, finding.pattern))
}
