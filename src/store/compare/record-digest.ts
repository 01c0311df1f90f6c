import { type RawBuilder, sql } from 'kysely'

/**
 * The digest of a record: the first 64 bits of SHA-256 over its id and its watched values that are not blank, in the
 * canonical order of jsonb. The digest of a day is the sum of these modulo 2^64, so no order of reading matters. A value
 * that differs gives that record another, as good as random, number, and the sum stays the same only by a chance of
 * 1 in 2^64. A sum and not an exclusive or: there, a record counted twice would cancel itself out.
 */
export const digestOf = (id: RawBuilder<unknown>, values: RawBuilder<unknown>): RawBuilder<string> =>
  sql`(('x' || encode(substring(sha256(convert_to(${id} || chr(31) || jsonb_strip_nulls(${values})::text, 'UTF8'))
    from 1 for 8), 'hex'))::bit(64)::bigint::numeric + 9223372036854775808)`

export const DIGEST_MODULUS = sql`18446744073709551616::numeric`

/** Of a row `r` of `record`: what we hold in the fields that `shown` has. */
export const heldOf = (shown: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`coalesce((select jsonb_object_agg(name, r.values->name) from jsonb_object_keys(${shown}) as name), '{}'::jsonb)`

export const IS_LIVE = sql`(r.record_id is not null and not r.deleted and r.merged_into is null)`

/** Of a row `r` of `record`: we know that the CRM does not show it to us, so it is missing there as expected. */
export const IS_UNSEEN = sql`(r.unseen_since is not null)`

export const utcDay = (ms: RawBuilder<unknown>): RawBuilder<string> =>
  sql`(to_timestamp(${ms} / 1000.0) at time zone 'UTC')::date`
