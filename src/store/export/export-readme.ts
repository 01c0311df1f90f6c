import { EXPORTED_TABLES } from './exported-columns.ts'

/** Says to whoever opens the directory years later what each file is and how the ledger is checked. */
export function exportReadme(
  {
    rows,
    checkpoints,
    migrations,
  }: {
    readonly rows: Readonly<Record<string, number | null>>
    readonly checkpoints: number
    readonly migrations: readonly string[]
  },
  now: Date,
): string {
  const files: readonly (readonly [file: string, about: string])[] = [
    ['ledger.jsonl', `every decision and write, hash-chained; first line: format and head`],
    ['checkpoints.jsonl', `${checkpoints} hashes of the ledger at known rows`],
    ...EXPORTED_TABLES.map(({ file, about }) => [file, about] as const),
  ]
  const lines = files.map(([file, about]) => {
    const count = rows[file]
    const size = count === undefined ? '' : count === null ? ' (not in this database)' : ` (${count} rows)`
    return `${file}${size}: ${about}.`
  })
  return `${[
    `Export of a Lanekeeper database, ${now.toISOString()}. One JSON document a line. No file holds credentials or tokens.`,
    '',
    ...lines,
    '',
    'Check the ledger, also without a database:',
    '  npx lanekeeper verify-ledger --file ledger.jsonl --checkpoints checkpoints.jsonl',
    'Keep a copy of checkpoints.jsonl elsewhere: it shows a ledger that was rewritten as a whole.',
    '',
    `Schema: ${migrations.join(', ') || 'no migration is recorded'}`,
  ].join('\n')}\n`
}
