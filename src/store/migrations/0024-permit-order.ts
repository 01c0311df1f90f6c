/**
 * `gate_writes` takes its permits in byte order, as every other place that takes several does. It took them in the order of
 * the database's own collation, which reads over hyphens in most languages: "a-c" is before "ab" for one and after it for
 * the other, and two that wait for each other's permit are a deadlock.
 */
export const STATEMENTS: readonly string[] = [
  // The rest of the function stays as it is, its settings too.
  `do $$
   declare
     old constant text := 'select distinct i.workflow from intent i';
     gate constant text := pg_get_functiondef('gate_writes(text, bigint[], integer[], integer, integer)'::regprocedure);
   begin
     if strpos(gate, old) = 0 then raise exception 'gate_writes is not the one of 0014'; end if;
     execute replace(gate, old, 'select distinct i.workflow collate "C" as workflow from intent i');
   end $$`,
]
