import type { ColumnType } from 'kysely'

/**
 * Written as text on purpose: given a JavaScript array, the driver would write a Postgres array, which a jsonb column
 * refuses, and given a string it would not quote it. `JSON.stringify` at the call says what is meant.
 */
export type Json<Read> = ColumnType<Read, string, string>
/** Made by the database of other columns. */
export type JsonAlways<Read> = ColumnType<Read, never, never>
export type JsonDefault<Read> = ColumnType<Read, string | undefined, string>
export type JsonOrNull<Read> = ColumnType<Read | null, string | null | undefined, string | null>
export type Instant = ColumnType<Date, Date | string, Date | string>
export type InstantDefault = ColumnType<Date, Date | string | undefined, Date | string>
export type InstantOrNull = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
