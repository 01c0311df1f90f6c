import { evidenceOf } from './contract/evidence.ts'
import { branchInputs } from './contract/input-classes.ts'
import { definePattern, finding, found, NOTHING, notKnown } from './contract/pattern.ts'

/** The record waits, and by the boundary a reviewer decides its branch. */
export const branchReview = definePattern({
  name: 'branch-review',
  title: 'Review by policy',
  label: 'needs a person to decide',
  meaning: 'A record waits for an owner in a branch whose mode is review or manual.',
  parameters: {},
  restsOn: 'routing',
  sentence: () => 'a record needs an owner where a reviewer decides',
  detect(_, { facts, compiled, routing }) {
    if (routing === null) return NOTHING
    const { branch, unknown } = routing
    if (branch === null && unknown !== null) return notKnown(unknown)
    if (branch === null || branch.branch.mode === 'rules') return NOTHING
    const { noun } = facts.shape
    const { branch: name, because, mode } = branch.branch
    return found(
      finding({
        pattern: 'branch-review',
        what: `This ${noun} needs an owner, and a reviewer decides the branch ${name}.`,
        evidence: {
          branch: name,
          mode,
          ...evidenceOf(branch.when, facts),
        },
        keyFacts: { branch: name, mode, inputs: branchInputs(branch, compiled, facts) },
        todo: `Assign this ${noun}. Why a reviewer decides: ${because}`,
      }),
    )
  },
})
