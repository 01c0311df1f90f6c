import { definePattern, NOTHING } from './contract/pattern.ts'

/**
 * An input that is not known holds every record that rests on it. No record has this case: it is one for all of them,
 * made from what they miss (decision/input-case.ts).
 */
export const unknownInput = definePattern({
  name: 'unknown-input',
  title: 'Unknown input',
  label: 'an input is not known',
  meaning: 'Decisions rest on a field or a record that Lanekeeper cannot read, so it writes none of them.',
  parameters: {},
  floor: 'risky',
  endsBy: 'person',
  isBuiltIn: true,
  sentence: () => 'an input of its decisions is not known',
  detect: () => NOTHING,
})
