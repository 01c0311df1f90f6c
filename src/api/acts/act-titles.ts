/** What an entry of the ledger says that somebody did. Kinds that are not here are shown as they are. */
const TITLES: Readonly<Record<string, string>> = {
  'act-begun': 'Began',
  refused: 'Was refused',
  'admin-made': 'Made an admin',
  'backlog-application-ended': 'Finished applying a version to the backlog',
  'backlog-application-started': 'Applied a version to the backlog',
  'backlog-application-stopped': 'Stopped applying a version to the backlog',
  'backlog-released': 'Released the backlog',
  'connection-ended': 'Disconnected a CRM',
  'connection-made': 'Connected a CRM',
  'connection-renewed': 'Reconnected a CRM',
  'connection-secrets-erased': 'Erased the credentials of a connection',
  erased: 'Erased history',
  'absence-ended': 'Took an absence back',
  'absence-set': 'Entered an absence',
  'draft-adopted': 'Became the author of a draft',
  'draft-approved': 'Approved a draft',
  'draft-changed': 'Changed a draft',
  'draft-made': 'Made a draft',
  'draft-rebased': 'Put a draft on the version in force',
  'draft-withdrawn': 'Withdrew a draft',
  'job-accepted': 'Accepted a job',
  'job-confirmed': 'Confirmed a job',
  'job-declined': 'Declined a job',
  'job-ended': 'Ended a job',
  'job-given-back': 'Gave a job back',
  'job-offered': 'Offered a job',
  'job-replaced': 'Replaced a holder',
  'job-withdrawn': 'Withdrew an offer',
  'join-confirmed': 'Confirmed an identity',
  'link-made': 'Made a sign-in link',
  'mark-ended': 'Removed the mark of a rule',
  'mark-agreed': 'Agreed to mark a rule',
  'mark-proposed': 'Proposed to mark a rule',
  'draft-tried': 'Tried a draft',
  'mode-lowered': 'Lowered a mode',
  'mode-raised': 'Raised a mode',
  'pause-asked': 'Asked for a pause',
  'pause-declined': 'Declined a pause',
  'person-ended': 'Ended the access of somebody',
  'person-invited': 'Invited somebody',
  'session-ended': 'Ended a session',
  'signed-in': 'Signed in',
  'task-closed': 'Closed a task',
  'writing-allowed': 'Turned on writing',
  'writing-consented': 'Approved writing',
  'writing-held': 'Turned off writing',
}

export function titleOfAct(kind: string, doing: string | null): string {
  const title = TITLES[kind] ?? sentence(kind)
  return doing === null ? title : `${title}: ${doing}`
}

function sentence(kind: string): string {
  const words = kind.replaceAll('-', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
