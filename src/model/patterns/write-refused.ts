import { definePattern, finding, found, NOTHING } from './pattern.ts'
import { inQuotes } from './wording.ts'

/**
 * The CRM refused the owner that the rule decided: a validation rule, an owner who may not have it, a permission. Asking
 * again would be refused again, so a person takes it. What the CRM says alike about many records is one cause.
 */
export const writeRefused = definePattern({
  name: 'write-refused',
  title: 'Write refused by the CRM',
  label: 'the CRM refused the owner',
  meaning: 'The CRM refused to write the owner that a rule gave.',
  parameters: {},
  floor: 'risky',
  endsBy: 'person',
  restsOn: 'routing',
  isBuiltIn: true,
  sentence: () => 'the CRM refused the owner that a rule gave',
  detect(_, { facts, routing, refused }) {
    const winner = routing?.winner ?? null
    if (refused === null || winner === null) return NOTHING
    const { to, why } = refused
    const { id, owner } = winner.rule
    const { noun } = facts.shape
    return found(
      finding({
        pattern: 'write-refused',
        what: `Rule ${id} gives this ${noun} to ${owner}, and the CRM refused to write that: ${inQuotes(why)}`,
        cause: `write-refused/${id}/${why}`,
        causeTitle: `The CRM refuses the owner that rule ${id} gives`,
        evidence: { rule: id, owner, 'owner to write': to, 'the CRM says': why },
        todo:
          `Set the owner of this ${noun} yourself, or correct what the CRM objects to. ` +
          'The write is tried again after a day or when the policy changes. If it should go to somebody else, ask the boundary owner for another rule.',
      }),
    )
  },
})
