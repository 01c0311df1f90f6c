/** Sides that change an owner in turn: a case that holds the field of its record, whichever workflow wants to write it. */
export const STATEMENTS: readonly string[] = [
  // while the case is open nothing automated writes this field of the record; null: it holds none
  `alter table exception add column holds_field text`,
  `create index exception_holds on exception (connection_id, object_type, record_id)
     where status = 'open' and holds_field is not null`,
]
