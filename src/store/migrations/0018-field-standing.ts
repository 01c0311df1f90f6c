/**
 * What the CRM's own description of an object says about fields, ready to be joined to every record that is read: which
 * hold several values, and which of those that we cannot read it does not even describe.
 */
export const STATEMENTS: readonly string[] = [
  `create function undescribed_fields(fields jsonb, unreadable text[]) returns text[] language sql immutable as $$
     select coalesce(array_agg(name order by name), '{}') from unnest(unreadable) name
     -- an object that was never described says nothing about its fields
     where jsonb_array_length(fields) > 0
       and not jsonb_path_exists(fields, '$[*] ? (@.name == $name)', jsonb_build_object('name', name))
   $$`,
  `alter table object_schema
     add column lists jsonb not null generated always as (
       jsonb_path_query_array(fields, '$[*] ? (@.type == "multi-picklist").name')) stored,
     add column undescribed text[] not null generated always as (undescribed_fields(fields, unreadable)) stored`,
]
