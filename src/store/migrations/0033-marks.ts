/**
 * A mark lets one rule settle cases of one class without a person, until it ends. Two people make it; it binds to what the
 * rule was then. Expected cases need none, and nothing lets a rule settle an unknown.
 */
const TABLE: readonly string[] = [
  `create table mark (
    id bigint generated always as identity primary key,
    workflow text not null,
    rule text not null,
    -- of content, in canonical JSON: a rule that was edited has another one
    rule_hash text not null,
    -- what the rule was: its conditions and owner, and the conditions of its branch
    content jsonb not null,
    class text not null check (class in ('risky', 'customer-facing', 'revenue-impacting')),
    reason text not null,
    -- sandbox: of its cast, by its files. before-people: what the rule settled when marks began
    origin text not null check (origin in ('people', 'sandbox', 'before-people')),
    -- person:ID, or lanekeeper where marks began
    proposed_by text not null,
    proposed_at timestamptz not null default clock_timestamp(),
    -- null: it waits for the second person and lets nothing
    agreed_by text,
    agreed_at timestamptz,
    ends_at timestamptz not null,
    ended_at timestamptz,
    ended_by text,
    end_reason text,
    check ((agreed_by is null) = (agreed_at is null)),
    check ((ended_at is null) = (ended_by is null) and (ended_at is null) = (end_reason is null)),
    check (origin = 'before-people' or agreed_by is distinct from proposed_by),
    check (origin = 'people' or agreed_at is not null),
    check (ends_at > proposed_at)
  )`,
  `create unique index mark_proposed_once on mark (workflow, rule, rule_hash, class)
     where agreed_at is null and ended_at is null`,
  `create index mark_of_workflow on mark (workflow, rule) where ended_at is null`,

  `create function keep_marks() returns trigger language plpgsql as $$
   declare
     once constant text[] := '{agreed_by,agreed_at,ended_at,ended_by,end_reason}';
     name text;
   begin
     if tg_op = 'DELETE' then raise exception 'Marks are kept'; end if;
     if to_jsonb(new) - once <> to_jsonb(old) - once then
       raise exception 'A mark is agreed to once and ends once, and nothing else of it changes';
     end if;
     foreach name in array once loop
       if to_jsonb(old) ->> name is not null and to_jsonb(new) ->> name is distinct from to_jsonb(old) ->> name then
         raise exception 'A mark is agreed to once and ends once, and nothing else of it changes';
       end if;
     end loop;
     if old.ended_at is not null then raise exception 'A mark that ended is not agreed to'; end if;
     return new;
   end $$`,
  `create trigger mark_is_kept before update or delete on mark for each row execute function keep_marks()`,
]

/** One rule's word for what a pending write rests on. The rest of the gate stays as it is, its settings too. */
const GATE: readonly string[] = [
  `do $$
   declare
     old constant text := 'when h.kind = ''owner'' and h.created_at < c.writes_since then ''before-writing''';
     gate constant text := pg_get_functiondef('gate_writes(text, bigint[], integer[], integer, integer)'::regprocedure);
   begin
     if strpos(gate, old) = 0 then raise exception 'gate_writes has no check of when writing began'; end if;
     execute replace(gate, old, old || '
         when h.kind = ''owner'' and exists (
           select 1 from jsonb_array_elements_text(coalesce(h.payload->''marks'', ''[]'')) as k(id)
           left join mark m on m.id = k.id::bigint and m.agreed_at is not null and m.ended_at is null
             and m.ends_at > clock_timestamp()
           where m.id is null) then ''mark-ended''');
   end $$`,
]

/**
 * What rules settled without marks they settle for 30 days more: an upgrade changes no case and no owner at once. The hash is
 * the one of src/model/policy/marks.ts.
 */
const BEFORE: readonly string[] = [
  `create function mark_json(value jsonb) returns text language plpgsql immutable strict as $$
   begin
     return case jsonb_typeof(value)
       when 'object' then '{' || coalesce((
         select string_agg(to_json(e.key)::text || ':' || mark_json(e.value), ',' order by e.key collate "C")
         from jsonb_each(value) e), '') || '}'
       when 'array' then '[' || coalesce((
         select string_agg(mark_json(e.value), ',' order by e.n)
         from jsonb_array_elements(value) with ordinality as e(value, n)), '') || ']'
       else value::text end;
   end $$`,
  `insert into mark (workflow, rule, rule_hash, content, class, reason, origin, proposed_by, proposed_at, agreed_by,
     agreed_at, ends_at)
   select w.workflow, r.value->>'id', encode(sha256(convert_to(mark_json(x.content), 'UTF8')), 'hex'), x.content, c.class,
     'The rule settled these cases before marks existed.', 'before-people', 'lanekeeper', clock_timestamp(), 'lanekeeper',
     clock_timestamp(), clock_timestamp() + interval '30 days'
   from workflow w
   join policy_version p on p.hash = w.hash
   cross join lateral jsonb_array_elements(p.document->'boundary') with ordinality as b(value, n)
   cross join lateral jsonb_array_elements(b.value->'rules') with ordinality as r(value, n)
   cross join lateral (select jsonb_build_object('v', 1, 'branch', b.value->'when', 'rule', jsonb_build_object(
     'id', r.value->'id', 'when', r.value->'when', 'owner', r.value->'owner')) as content) x
   cross join lateral (
     select 'risky' as class, 0 as n union all
     select m.value, m.n from jsonb_array_elements_text(coalesce(b.value->'settlesClasses', '[]')) with ordinality as m(value, n)
     where m.value in ('customer-facing', 'revenue-impacting')) c
   where b.value->>'mode' = 'rules' and jsonb_array_length(b.value->'settles') > 0
   order by w.workflow collate "C", b.n, r.n, c.n`,
  `drop function mark_json(jsonb)`,
]

export const STATEMENTS: readonly string[] = [...TABLE, ...GATE, ...BEFORE]
