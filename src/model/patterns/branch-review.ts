import { definePattern, finding, found, NOTHING } from './pattern.ts'

/** The record waits, and the boundary says that a person decides this branch. */
export const branchReview = definePattern({
  name: 'branch-review',
  title: 'Review by policy',
  label: 'needs a person to decide',
  meaning: 'A record waits for an owner in a branch whose mode is review or manual.',
  parameters: {},
  restsOn: 'routing',
  sentence: () => 'a record waits where a person decides',
  detect(_, { facts, routing }) {
    const branch = routing?.branch ?? null
    if (branch === null || branch.branch.mode === 'rules') return NOTHING
    const { noun } = facts.shape
    const { branch: name, because, mode } = branch.branch
    return found(
      finding({
        pattern: 'branch-review',
        what: `This ${noun} waits for an owner in the branch ${name}, where a person decides.`,
        evidence: {
          branch: name,
          mode,
          ...Object.fromEntries(branch.when.map(({ condition, read }) => [condition.field, read(facts)])),
        },
        todo: `Decide who takes this ${noun} and set the owner. Why a person decides here: ${because}`,
      }),
    )
  },
})
