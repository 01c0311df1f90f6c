/** What changed about a case that was asked about before. Values of the CRM: they go with an erasure, as its evidence does. */
export const STATEMENTS: readonly string[] = [
  `alter table exception
     -- [{ name, before, after }]: what the last change of its evidence was; null: none that is known
     add column changed_facts jsonb,
     add column facts_changed_at timestamptz`,
  // Of what is in both: a fact that was not asked for before was not blank. Null: nothing changed.
  `create function changed_facts(before jsonb, after jsonb) returns jsonb language sql immutable as $$
     select jsonb_agg(jsonb_build_object('name', k, 'before', before->>k, 'after', after->>k) order by k)
     from jsonb_object_keys(before) k where after ? k and before->>k is distinct from after->>k $$`,
]
