import { STATEMENTS as schema } from './0001-schema.ts'
import { STATEMENTS as writeGate } from './0002-write-gate.ts'
import { STATEMENTS as userChecks } from './0003-user-checks.ts'
import { STATEMENTS as unknownInputs } from './0004-unknown-inputs.ts'
import { STATEMENTS as ledgerErasures } from './0005-ledger-erasures.ts'
import { STATEMENTS as erasureAndQuarantine } from './0006-erasure-and-quarantine.ts'
import { STATEMENTS as baselineEvents } from './0007-baseline-events.ts'

export type SchemaMigration = { readonly name: string; readonly statements: readonly string[] }

/**
 * In code, in order, so that no directory listing decides what runs. Numbers rise strictly and no two are alike. A
 * migration that has shipped never changes: the next one corrects it.
 */
export const MIGRATIONS: readonly SchemaMigration[] = [
  { name: '0001-schema', statements: schema },
  { name: '0002-write-gate', statements: writeGate },
  { name: '0003-user-checks', statements: userChecks },
  { name: '0004-unknown-inputs', statements: unknownInputs },
  { name: '0005-ledger-erasures', statements: ledgerErasures },
  { name: '0006-erasure-and-quarantine', statements: erasureAndQuarantine },
  { name: '0007-baseline-events', statements: baselineEvents },
]

/** The tables that exist once all of these migrations have run. */
export function tablesOf(migrations: readonly SchemaMigration[]): string[] {
  const tables = new Set<string>()
  for (const statement of migrations.flatMap(({ statements }) => statements)) {
    const [, verb, name] =
      /^\s*(create|drop)\s+(?:unlogged\s+)?table\s+(?:if (?:not )?exists\s+)?(\w+)/.exec(statement) ?? []
    if (name === undefined) continue
    if (verb === 'create') tables.add(name)
    else tables.delete(name)
  }
  return [...tables]
}
