import { renderOwner } from '../rules/render.ts'
import { definePattern, finding, found, NOTHING } from './contract/pattern.ts'
import { inQuotes } from './contract/wording.ts'

/**
 * The CRM refused the owner that the rule decided, for example by a validation rule or a permission. A retry would be
 * refused again, so a reviewer takes it. The same reason on many records is one cause.
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
    const { id } = winner.rule
    const owner = renderOwner(winner.rule.owner)
    const { noun } = facts.shape
    return found(
      finding({
        pattern: 'write-refused',
        what: `Rule ${id} assigns this ${noun} to ${owner}, but the CRM refused the write: ${inQuotes(why)}`,
        cause: `write-refused/${id}/${why}`,
        causeTitle: `The CRM refuses the owner of rule ${id}`,
        evidence: { rule: id, owner, 'owner to write': to, 'the CRM says': why },
        keyFacts: { rule: id, to },
        todo:
          `Assign this ${noun} yourself, or fix what the CRM objects to. ` +
          'Lanekeeper retries when the policy changes, and after 24 hours unless the class of the case is unknown. If someone else should own it, ask the boundary owner to change the rule.',
      }),
    )
  },
})
