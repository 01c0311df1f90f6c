import type { ComparedObject, Policy } from '../../policy/policy.ts'
import type { ConnectionId, Crm } from '../../record/change-event.ts'
import { patternOf } from '../registry.ts'

/** CRMs with whose records a workflow compares its own, by any of its patterns. */
export function comparedCrms(policy: Pick<Policy, 'patterns'>): Set<Crm> {
  const crms = new Set<Crm>()
  for (const setting of policy.patterns) {
    for (const [name, parameter] of Object.entries(patternOf(setting).parameters)) {
      if (parameter.kind !== 'compared-objects') continue
      for (const { crm } of (setting[name] as readonly ComparedObject[] | undefined) ?? []) crms.add(crm)
    }
  }
  return crms
}

type Connection = { readonly id: ConnectionId; readonly crm: Crm; readonly isJoined: boolean }

/**
 * What a workflow waits for before it begins in a connection: of another CRM that it compares with there are only
 * connections whose import is not done. A person present in both would look unmatched, and be written as such.
 */
export function missingCounterparts(
  policy: Pick<Policy, 'patterns'>,
  crm: Crm,
  connections: readonly Connection[],
): ConnectionId[] {
  return [...comparedCrms(policy)]
    .filter((other) => other !== crm)
    .flatMap((other) => {
      const those = connections.filter((connection) => connection.crm === other)
      return those.some(({ isJoined }) => isJoined) ? [] : those.map(({ id }) => id)
    })
    .sort()
}
