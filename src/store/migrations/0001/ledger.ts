/** The decision ledger: append-only, hash-chained, kept for years. */
export const LEDGER: readonly string[] = [
  `create table ledger (
    seq bigint primary key,
    at timestamptz not null,
    kind text not null,
    actor text not null,
    subject text not null,
    -- canonical JSON; null after a privacy erasure, the hash stays
    body text,
    body_hash bytea not null,
    prev_hash bytea not null,
    hash bytea not null
  )`,
  `create index ledger_subject on ledger (subject, seq)`,
  `create table ledger_head (
    one boolean primary key default true check (one),
    seq bigint not null,
    hash bytea not null
  )`,
  `insert into ledger_head (seq, hash) values (0, decode(repeat('00', 32), 'hex'))`,

  // Rewriting takes dropping this trigger, which the chain then still shows.
  `create function ledger_is_append_only() returns trigger language plpgsql as $$
   begin
     if tg_op = 'UPDATE' and new.body is null and new.seq = old.seq and new.hash = old.hash
        and new.prev_hash = old.prev_hash and new.body_hash = old.body_hash and new.at = old.at
        and new.kind = old.kind and new.actor = old.actor and new.subject = old.subject then
       return new; -- privacy erasure
     end if;
     raise exception 'the ledger is append-only';
   end $$`,
  `create trigger ledger_append_only before update or delete on ledger
   for each row execute function ledger_is_append_only()`,
  `create function ledger_is_never_truncated() returns trigger language plpgsql as $$
   begin raise exception 'the ledger is append-only'; end $$`,
  `create trigger ledger_never_truncated before truncate on ledger
   for each statement execute function ledger_is_never_truncated()`,
]
