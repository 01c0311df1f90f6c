/**
 * A write decided under an older version is never sent, also where the same text runs again by now, or our own code alone
 * reads it in another way. The gate knows by a number that rises whenever a workflow begins to run something else.
 */
export const STATEMENTS: readonly string[] = [
  `alter table workflow add column version_turn integer not null default 0`,
  // of the workflow as it was decided under
  `alter table intent add column version_turn integer not null default 0`,

  // The rest of the gate stays as it is, its settings too.
  `do $$
   declare
     old constant text := 'f.hash is distinct from h.policy_hash then';
     gate constant text := pg_get_functiondef('gate_writes(text, bigint[], integer[], integer, integer)'::regprocedure);
   begin
     if strpos(gate, old) = 0 then raise exception 'gate_writes is not the one of 0014'; end if;
     execute replace(gate, old, '(f.hash, f.version_turn) is distinct from (h.policy_hash, h.version_turn) then');
   end $$`,
]
