/**
 * A task with a list is written again at most every some minutes, and a case whose task a person closed without a change is
 * not opened again for ever.
 */
export const STATEMENTS: readonly string[] = [
  `alter table task
     -- until then nothing but its list has changed since it was written, and that can wait
     add column rests_until timestamptz`,
  `alter table exception
     -- what the finding rests on, hashed with the secret below; null: not decided since there are keys
     add column evidence_key text,
     -- keys under which a person closed its task and it was opened once more
     add column reopened_for text[] not null default '{}',
     -- keys under which a person closed its task again, so that nobody is asked about them any more
     add column waited_for text[] not null default '{}',
     -- open without a task: closed by a person twice without a change
     add column waits_since timestamptz,
     -- who closed it, as far as the CRM said: { userId, name, isLastChange }
     add column waits_closer jsonb`,
  // A bare hash of an e-mail can be found by trying: the key of the hash is this database's own, and never leaves it.
  `create table evidence_secret (
    one boolean primary key default true check (one),
    secret bytea not null
  )`,
  `insert into evidence_secret (secret)
   values (decode(replace(gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'))`,
]
