/** Why the gate did not let a write leave, as the permit or the gate itself names it. */
export type NotSent = keyof typeof REASONS

const REASONS = {
  'writing-off': 'Writing to this connection was paused',
  ended: 'The connection was ended',
  draft: 'The workflow is a draft',
  observe: 'The workflow only observes',
  'not-ready': 'The workflow is not ready: some of its people are missing',
  'policy-broken': 'The policy file has errors, and no earlier version of it runs',
  retired: 'The workflow was removed',
  paused: 'The workflow is paused; it goes out when the workflow is resumed',
  'connection-paused': 'Everything automated in this connection is paused; it goes out when the connection is resumed',
  'branch-paused': 'The branch that decided it is paused; it goes out when the branch is resumed',
  'lost-branch-paused':
    'A branch is paused that the workflow no longer has, so the whole workflow waits until that pause is ended',
  'no-permit': 'The workflow is not known',
  'policy-changed': 'The policy changed since it was decided; Lanekeeper decides it again',
  'mark-ended': 'The mark that let the rule decide it ended; Lanekeeper decides it again',
  'before-writing': 'It was decided before writing was paused; Lanekeeper decides it again',
  'record-changed': 'The record changed since it was decided; Lanekeeper decides it again',
  loop: 'The owner goes back and forth between two sides, and nobody has settled that yet',
  'decided-otherwise': 'Lanekeeper has decided differently since',
  backlog: 'Only a new version asks for it, and its application to the backlog has reached its limit for now',
  'backlog-ended': 'Only a new version asks for it, and its application to the backlog was stopped or has ended',
  overtaken: 'Another Lanekeeper process took it over',
  late: 'Sending took too long to start; Lanekeeper tries again',
} as const

/** Reasons with which a permit keeps back all owner writes under a pause. A paused branch keeps back its own. */
export const PAUSES: readonly NotSent[] = ['paused', 'connection-paused', 'lost-branch-paused']

export function isNotSent(code: string): code is NotSent {
  return Object.hasOwn(REASONS, code)
}

/** The reason as people read it. */
export function notSentText(code: NotSent): string {
  return REASONS[code]
}
