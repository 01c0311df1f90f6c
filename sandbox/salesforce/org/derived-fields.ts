import { OPPORTUNITY_STAGES } from '../catalog/picklists.ts'
import { personName } from './address.ts'
import { isLive, type Org, textOf } from './org.ts'
import { namePerson } from './person-accounts.ts'
import type { FieldValue, StoredRecord } from './record-store.ts'

type Draft = { Id: string; [field: string]: FieldValue }

/** Computes the fields that clients may not send. */
export function deriveFields(org: Org, object: string, before: StoredRecord | null, draft: Draft, nowMs: number): void {
  switch (object) {
    case 'Lead':
    case 'Contact':
    case 'User':
      draft.Name = personName(draft.FirstName, draft.LastName)
      if (object === 'Lead' && before && before.OwnerId !== draft.OwnerId) draft.LastTransferDate = day(nowMs)
      return
    case 'Account':
      namePerson(draft)
      return
    case 'Opportunity':
      deriveOpportunity(before, draft, nowMs)
      return
    case 'Task':
      deriveTask(org, before, draft, nowMs)
      return
    case 'ObjectTerritory2Association':
      draft.SobjectType = String(draft.ObjectId).startsWith('00Q') ? 'Lead' : 'Account'
      return
    default:
  }
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

function deriveOpportunity(before: StoredRecord | null, draft: Draft, nowMs: number): void {
  const stage = OPPORTUNITY_STAGES.find((candidate) => candidate.name === draft.StageName)
  if (stage && before?.StageName !== draft.StageName) {
    if (!before || draft.Probability === before.Probability) draft.Probability = stage.probability
    draft.ForecastCategory = stage.forecast
    draft.ForecastCategoryName = stage.forecast
    if (before) draft.LastStageChangeDate = nowMs
  }
  draft.IsClosed = stage?.closed ?? false
  draft.IsWon = stage?.won ?? false
  draft.ExpectedRevenue =
    typeof draft.Amount === 'number' && typeof draft.Probability === 'number'
      ? Math.round(draft.Amount * draft.Probability) / 100
      : null
}

function deriveTask(org: Org, before: StoredRecord | null, draft: Draft, nowMs: number): void {
  const closed = isClosedStatus(org, draft.Status ?? null)
  draft.IsClosed = closed
  if (!closed) draft.CompletedDateTime = null
  else if (before?.IsClosed !== true) draft.CompletedDateTime = nowMs
  draft.IsHighPriority = draft.Priority === 'High'
  draft.WhoCount = draft.WhoId ? 1 : 0
  draft.WhatCount = draft.WhatId ? 1 : 0
  draft.AccountId = accountOfTask(org, draft)
}

function isClosedStatus(org: Org, status: FieldValue): boolean {
  for (const row of org.store.table('TaskStatus').values()) if (row.ApiName === status) return row.IsClosed === true
  return false
}

function accountOfTask(org: Org, draft: Draft): FieldValue {
  const what = textOf(draft, 'WhatId')
  if (what.startsWith('001')) return what
  if (what.startsWith('006')) return org.store.get('Opportunity', what)?.AccountId ?? null
  const who = textOf(draft, 'WhoId')
  const contact = who.startsWith('003') ? org.store.get('Contact', who) : undefined
  return isLive(contact) ? (contact.AccountId ?? null) : null
}
