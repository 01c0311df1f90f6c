import type { Act } from './acts.ts'

/** How the console, the terminal and the ledger's readers speak of an act. */
export type ActWords = {
  /** After "can": "answer this case". */
  readonly does: string
  /** After "Only": who may, as the table in docs/authority.md says. */
  readonly who: string
}

const REVIEWER = 'a reviewer of its circle'
const ADMIN = 'an admin'

export const ACT_WORDS: Readonly<Record<Act, ActWords>> = {
  read: { does: 'read this', who: 'a person who is signed in' },
  answer: { does: 'answer this case', who: REVIEWER },
  block: { does: 'block this case', who: REVIEWER },
  'send-back': { does: 'send this case back with a question', who: REVIEWER },
  snooze: { does: 'snooze this case', who: REVIEWER },
  'hand-over': { does: 'hand this case over', who: REVIEWER },
  override: { does: 'write something other than a candidate', who: 'the override owner or their deputy' },
  'open-door': { does: 'open a door for this unknown case', who: 'a reviewer of its circle or the workflow owner' },
  'complete-door': { does: 'complete this door', who: 'the owner of the door' },
  'act-by-hand': { does: 'act by hand on the record of an unknown case', who: 'the override owner' },
  pause: { does: 'pause', who: 'the rollback owner or their deputy' },
  'ask-for-pause': { does: 'ask for a pause', who: 'a person with a job in the workflow' },
  resume: { does: 'resume', who: 'the rollback owner or their deputy' },
  undo: { does: 'undo writes', who: 'the rollback owner or their deputy' },
  'edit-draft': { does: 'edit this draft', who: 'an admin or a person with a job in the workflow' },
  'approve-publish': {
    does: 'approve this version',
    who: 'the boundary owner or their deputy, and a second person who is not an author,',
  },
  narrow: {
    does: 'narrow this workflow or restore the version before',
    who: 'the boundary owner or the rollback owner',
  },
  mark: { does: 'mark a rule', who: 'the boundary owner and a second person' },
  raise: { does: 'raise a mode, a cap or a slice', who: 'the workflow owner' },
  lower: {
    does: 'lower a mode, a cap or a slice',
    who: 'the rollback, workflow or boundary owner or a deputy of theirs',
  },
  'apply-to-backlog': { does: 'apply a version to the backlog', who: 'the workflow owner or their deputy' },
  'stop-backlog': {
    does: 'stop applying a version to the backlog',
    who: 'the rollback, workflow or boundary owner or a deputy of theirs',
  },
  appoint: { does: 'name a person for this job', who: 'the workflow owner' },
  accept: { does: 'accept this job', who: 'the person it was offered to' },
  decline: { does: 'decline this job', who: 'the person it was offered to' },
  'give-back': { does: 'give this job back', who: 'the person who holds it' },
  'set-absence': { does: 'enter this absence', who: 'the person who is away, the workflow owner or an admin' },
  'announce-change': { does: 'announce a mass change', who: 'the workflow owner and the boundary owner' },
  connect: { does: 'connect a CRM or change a connection', who: ADMIN },
  'change-keys': { does: 'change the keys of a connection', who: ADMIN },
  erase: { does: 'erase history', who: ADMIN },
  'replay-quarantine': { does: 'replay failed events', who: ADMIN },
  invite: { does: 'invite people', who: ADMIN },
  'confirm-join': { does: 'confirm that this is the same person', who: 'the person themself or an admin' },
  'make-link': { does: 'make a sign-in link', who: ADMIN },
  'make-token': { does: 'make or revoke a machine token', who: ADMIN },
  scan: { does: 'scan, compare or re-sync a CRM', who: ADMIN },
  'allow-writing': {
    does: 'turn on writing',
    who: 'an admin and the workflow owner of each workflow concerned',
  },
  'stop-writing': { does: 'turn off writing', who: 'an admin, the rollback owner or their deputy' },
  disconnect: { does: 'disconnect a CRM', who: ADMIN },
}
