import type { Generated } from 'kysely'
import type { Instant, InstantDefault, InstantOrNull } from './column-types.ts'

export type PersonTable = {
  id: string
  name: string
  created_at: InstantDefault
  made_by: string
  ended_at: InstantOrNull
  ended_by: string | null
}

export type IdentityKind = 'crm' | 'oidc' | 'mail'
export type IdentityState = 'proposed' | 'confirmed' | 'conflict' | 'refused' | 'ended'

export type IdentityTable = {
  id: Generated<number>
  person_id: string
  kind: IdentityKind
  issuer: Generated<string>
  subject: string
  email: string | null
  state: IdentityState
  why: Generated<string>
  proposed_at: InstantDefault
  link_made_by: string | null
  confirmed_at: InstantOrNull
  confirmed_by: string | null
  ended_at: InstantOrNull
  ended_by: string | null
}

export type SignInLinkTable = {
  token_hash: Buffer
  expires_at: Instant
  used_at: InstantOrNull
  person_id: string
  made_by: string
  method: 'terminal' | 'link'
  created_at: InstantDefault
}

export type SessionTable = {
  token_hash: Buffer
  actor: string
  created_at: InstantDefault
  seen_at: InstantDefault
  expires_at: Instant
  id: string
  person_id: string
  method: 'oidc' | 'code' | 'terminal' | 'link' | 'sandbox'
  signed_in_at: InstantDefault
  link_made_by: string | null
  only_pauses: Generated<boolean>
  browser: Generated<string>
}

export type SignInAttemptTable = {
  state_hash: Buffer
  cookie_hash: Buffer
  method: 'oidc' | 'code'
  nonce: string | null
  verifier: string | null
  address: string | null
  code_hash: Buffer | null
  tries: Generated<number>
  return_to: string | null
  for_person: string | null
  expires_at: Instant
  used_at: InstantOrNull
}

export type MachineTokenTable = {
  id: string
  token_hash: Buffer
  title: string
  workflow: string
  keeper_id: string
  scopes: string[]
  made_by: string
  made_at: InstantDefault
  last_used_at: InstantOrNull
  ended_at: InstantOrNull
  ended_by: string | null
}

export type JobTable = {
  id: Generated<number>
  workflow: string
  lane: 'review' | 'override' | 'rollback' | 'boundary' | 'data' | 'workflow' | 'admin'
  circle: 'general' | 'senior' | 'approved' | null
  deputy: Generated<boolean>
  place: Generated<number>
  person_id: string
  offered_at: InstantDefault
  offered_by: string
  reminded_at: InstantOrNull
  accepted_at: InstantOrNull
  accepted_before_people: Generated<boolean>
  declined_at: InstantOrNull
  confirm_by: InstantOrNull
  ended_at: InstantOrNull
  ended_by: string | null
  end_reason: string | null
}

export type WritingConsentTable = {
  connection_id: string
  given_by: string
  given_at: InstantDefault
}

export type AbsenceTable = {
  id: Generated<number>
  person_id: string
  from_day: string
  until_day: string
  delegate_id: string | null
  made_by: string
  made_at: InstantDefault
  ended_at: InstantOrNull
  ended_by: string | null
}

export type LaneHolderTable = {
  workflow: string
  lane: string
  circle: Generated<string>
  person_id: string
  role: 'holder' | 'deputy' | 'delegate'
  until: InstantOrNull
}
