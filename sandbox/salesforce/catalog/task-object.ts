import { ALL_VERBS, defineObject, type ObjectDefinition, parseFields } from './object-definition.ts'
import { TASK_PRIORITIES, TASK_STATUSES } from './picklists.ts'

const FIELDS = `
  WhoId reference -> Contact,Lead as Who
  WhatId reference -> Account,Opportunity as What
  Subject combobox(255)
  ActivityDate date
  Status picklist(255) filled default=Not_Started
  Priority picklist(255) filled default=Normal
  IsHighPriority boolean ro
  OwnerId reference filled -> Group,User as Owner
  Description textarea(32000)
  Type picklist(40)
  AccountId reference ro -> Account as Account
  IsClosed boolean ro
  IsArchived boolean ro
  TaskSubtype picklist(40) restricted create-only
  CallDurationInSeconds int
  CallType picklist(40)
  CallDisposition string(255)
  CallObject string(255)
  ReminderDateTime datetime
  IsReminderSet boolean
  IsRecurrence boolean create-only
  CompletedDateTime datetime ro
  WhoCount int ro
  WhatCount int ro`

const VALUES = {
  Status: TASK_STATUSES,
  Priority: TASK_PRIORITIES,
  TaskSubtype: ['Task', 'Email', 'LinkedIn', 'ListEmail', 'Cadence', 'Call'],
  Type: ['Call', 'Meeting', 'Other'],
  CallType: ['Internal', 'Inbound', 'Outbound'],
}

/** `externalId`: the admin added `Lanekeeper_Key__c` to Activity, unique and marked as external id. */
export function taskObject(options: { readonly externalId: boolean }): ObjectDefinition {
  const key = options.externalId ? '\n  Lanekeeper_Key__c string(80) unique external' : ''
  return defineObject({ name: 'Task', keyPrefix: '00T', fields: parseFields(FIELDS + key, VALUES), verbs: ALL_VERBS })
}
