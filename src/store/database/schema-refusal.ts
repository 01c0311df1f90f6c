/** A database whose schema this version cannot run on. Waiting does not change that, so every process stops at once. */
export class SchemaRefusedError extends Error {
  override readonly name = 'SchemaRefusedError'
  readonly code: 'SCHEMA_TOO_OLD' | 'SCHEMA_TOO_NEW' | 'SCHEMA_INCOMPLETE'
  constructor(code: SchemaRefusedError['code'], message: string) {
    super(message)
    this.code = code
  }
}

const EXPORT = 'npx lanekeeper export --from DATABASE_URL --out DIRECTORY'

export function schemaTooOld(names: readonly string[]): SchemaRefusedError {
  return new SchemaRefusedError(
    'SCHEMA_TOO_OLD',
    `Cannot use this database: an earlier version of Lanekeeper made it (its schema has ${quoted(names)}) and it cannot ` +
      `be upgraded in place. Save its ledger, connections and policies with "${EXPORT}" (leave out --from for the ` +
      'database in DATA_DIR), then start with an empty database or another DATA_DIR',
  )
}

/** Running on a newer schema could write rows that the newer version misreads. */
export function schemaTooNew(names: readonly string[]): SchemaRefusedError {
  return new SchemaRefusedError(
    'SCHEMA_TOO_NEW',
    `Cannot use this database: its schema has ${quoted(names)}, which this version of Lanekeeper does not know. Start ` +
      'the newer version that made it, or point DATABASE_URL or DATA_DIR to another database',
  )
}

export function schemaIncomplete(what: string): SchemaRefusedError {
  return new SchemaRefusedError(
    'SCHEMA_INCOMPLETE',
    `Cannot use this database: it is only partly migrated (${what}). Restore it from a backup, or save what it holds ` +
      `with "${EXPORT}" and start with an empty database`,
  )
}

const NAMED_MAX = 3

function quoted(names: readonly string[]): string {
  const shown = names.slice(0, NAMED_MAX).map((name) => `"${name}"`)
  return names.length > NAMED_MAX ? `${shown.join(', ')} and ${names.length - NAMED_MAX} more` : shown.join(', ')
}
