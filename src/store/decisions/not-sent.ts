/** Why the gate did not let a write leave, as the permit or the gate itself names it. */
export type NotSent = keyof typeof REASONS

const REASONS = {
  'writing-off': 'Writing to this connection was paused',
  ended: 'The connection was ended',
  draft: 'The workflow is a draft',
  observe: 'The workflow only observes',
  'not-ready': 'The workflow is not ready: some of its people are missing',
  'policy-broken': 'The policy file cannot be read',
  retired: 'The workflow was removed',
  'no-permit': 'The workflow is not known',
  'policy-changed': 'The policy that decided it is no longer in force',
  'before-writing': 'It was decided before writing was last paused',
  'record-changed': 'The record changed since it was decided',
  'decided-otherwise': 'The record is decided otherwise now',
  overtaken: 'Another process took it over',
  late: 'The permission to send it had passed before its first byte',
} as const

export function isNotSent(code: string): code is NotSent {
  return Object.hasOwn(REASONS, code)
}

/** The reason as people read it. */
export function notSentText(code: NotSent): string {
  return REASONS[code]
}
