/**
 * From here on a body that is missing from the ledger counts as tampering unless an entry of kind `ledger-erased` names its
 * row (src/store/ledger/erasures.ts). Bodies that were erased before are named by one entry, hashed as `chainHash` does.
 */
export const STATEMENTS: readonly string[] = [
  `do $$
   declare
     erased text;
     head ledger_head%rowtype;
     entry record;
     body_hash bytea;
     chained bytea := '';
     part text;
   begin
     select json_build_object('because', 'Erased for privacy before erasures were entries of the ledger',
         'rows', json_agg(json_build_array(first, last) order by first))::text into erased
     from (
       select min(seq) as first, max(seq) as last from (
         select seq, seq - row_number() over (order by seq) as stretch from ledger where body is null) gone
       group by stretch) ranges
     having count(*) > 0;
     if erased is null then return; end if;
     select * into head from ledger_head for update;
     select head.seq + 1 as seq, date_trunc('milliseconds', now()) as at into entry;
     body_hash := sha256(convert_to(erased, 'UTF8'));
     foreach part in array array['lanekeeper-ledger-1', entry.seq::text, encode(head.hash, 'hex'),
         (extract(epoch from entry.at) * 1000000)::bigint::text, 'ledger-erased', 'lanekeeper', 'ledger',
         encode(body_hash, 'hex')] loop
       chained := chained || int4send(octet_length(convert_to(part, 'UTF8'))) || convert_to(part, 'UTF8');
     end loop;
     insert into ledger (seq, at, kind, actor, subject, body, body_hash, prev_hash, hash)
     values (entry.seq, entry.at, 'ledger-erased', 'lanekeeper', 'ledger', erased, body_hash, head.hash, sha256(chained));
     update ledger_head set seq = entry.seq, hash = sha256(chained);
   end $$`,
]
