/** Records that the CRM does not show us, without saying that they are gone. */
export const STATEMENTS: readonly string[] = [
  `alter table record
     -- since when the CRM does not show it. Null: it does, or it is gone
     add column unseen_since timestamptz,
     -- when to ask for it again: nothing tells that it is shared with us again
     add column unseen_look_at timestamptz`,
  `create index record_unseen on record (connection_id, object_type, unseen_since) where unseen_since is not null`,
  // Accounts of which not even the domain is known are looked up with every batch of leads.
  `create index record_first_sight on record (connection_id, object_type) where needs_read = 'first-sight'`,
  `create index record_unseen_look on record (connection_id, unseen_look_at) where unseen_look_at is not null`,
]
