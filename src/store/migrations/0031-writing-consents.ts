/** Writing to a CRM is turned on by an admin and the owners of the workflows that would write, each with a yes of their own. */
export const STATEMENTS: readonly string[] = [
  `create table writing_consent (
    connection_id text not null,
    -- person:ID or terminal
    given_by text not null,
    given_at timestamptz not null default now(),
    primary key (connection_id, given_by)
  )`,
  // Who did what is read from the newest on; most entries are those of rules and of the product itself.
  `create index ledger_of_people on ledger (seq) where actor <> 'lanekeeper' and actor not like 'rule:%'`,
  `create index ledger_actor on ledger (actor, seq) where actor <> 'lanekeeper' and actor not like 'rule:%'`,
]
