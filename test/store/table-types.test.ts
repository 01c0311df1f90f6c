import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { parseSync } from 'vite'
import { type TestDatabase, testDatabase } from '../support/database.ts'

/**
 * Compares the table types with the schema that the migrations make. A generator such as kysely-codegen would write the
 * types from the database, and lose what ours say more: which texts a column holds, what a document looks like, what may
 * be written into it. So ours stay written by hand and are checked instead.
 */
type Column = {
  readonly kind: string
  readonly isNullable: boolean
  /** The database has a value for it: an insert may leave it out. */
  readonly hasDefault: boolean
}
type TablesOf = ReadonlyMap<string, ReadonlyMap<string, Column>>

const FOLDER = new URL('../../src/store/database/', import.meta.url)

/** Only those parts of the parser's tree that a table type consists of. */
type Node = {
  readonly type: string
  readonly declaration?: Node
  readonly body?: readonly Node[]
  readonly id?: { readonly name: string }
  readonly key?: { readonly name: string }
  readonly members?: readonly Node[]
  readonly types?: readonly Node[]
  readonly typeName?: { readonly name: string }
  readonly typeArguments?: { readonly params: readonly Node[] } | null
  readonly typeAnnotation?: Node
  readonly elementType?: Node
}

describe('the table types', () => {
  let test: TestDatabase
  before(async () => {
    test = await testDatabase()
  })
  after(() => test.drop())

  it('name every table and column of the migrated schema with its kind, null and default, and no other', async () => {
    assert.deepEqual(differences(declaredTables(), await migratedTables(test)), [])
  })

  it('are compared down to kind, null and default of each column', () => {
    const text = { kind: 'text', isNullable: false, hasDefault: false }
    const declared = new Map([['task', new Map([['a', text]])]])
    const changed = (change: Partial<Column>) => new Map([['task', new Map([['a', { ...text, ...change }]])]])
    assert.deepEqual(differences(declared, declared), [])
    for (const change of [{ kind: 'number' }, { isNullable: true }, { hasDefault: true }]) {
      assert.match(differences(declared, changed(change)).join(), /^task\.a is /)
    }
    assert.deepEqual(differences(declared, new Map([['task', new Map()]])), ['task.a is declared and does not exist'])
    assert.deepEqual(differences(new Map(), declared), ['table task exists and has no type'])
    assert.deepEqual(differences(declared, new Map()), ['table task has a type and does not exist'])
  })
})

function differences(declared: TablesOf, migrated: TablesOf): string[] {
  const found: string[] = []
  for (const table of new Set([...declared.keys(), ...migrated.keys()])) {
    const ours = declared.get(table)
    const theirs = migrated.get(table)
    if (!ours) found.push(`table ${table} exists and has no type`)
    else if (!theirs) found.push(`table ${table} has a type and does not exist`)
    else found.push(...columnDifferences(table, ours, theirs))
  }
  return found
}

function columnDifferences(
  table: string,
  declared: ReadonlyMap<string, Column>,
  migrated: ReadonlyMap<string, Column>,
): string[] {
  const found: string[] = []
  for (const name of new Set([...declared.keys(), ...migrated.keys()])) {
    const ours = declared.get(name)
    const theirs = migrated.get(name)
    if (!ours) found.push(`${table}.${name} exists and is not declared`)
    else if (!theirs) found.push(`${table}.${name} is declared and does not exist`)
    else if (sentenceOf(ours) !== sentenceOf(theirs)) {
      found.push(`${table}.${name} is ${sentenceOf(theirs)}, but its type says ${sentenceOf(ours)}`)
    }
  }
  return found
}

function sentenceOf({ kind, isNullable, hasDefault }: Column): string {
  return `${kind}${isNullable ? ' or null' : ''}${hasDefault ? ' with a default' : ''}`
}

function declaredTables(): TablesOf {
  const types = new Map<string, Node>()
  for (const file of readdirSync(new URL('tables/', FOLDER))) readTypes(`tables/${file}`, types)
  readTypes('tables.ts', types)
  const tables = new Map<string, Map<string, Column>>()
  for (const member of types.get('Tables')?.members ?? []) {
    const type = member.typeAnnotation?.typeAnnotation?.typeName?.name ?? ''
    const columns = new Map<string, Column>()
    for (const column of types.get(type)?.members ?? []) {
      columns.set(column.key?.name ?? '', columnOf(column.typeAnnotation?.typeAnnotation))
    }
    tables.set(member.key?.name ?? '', columns)
  }
  return tables
}

function readTypes(file: string, types: Map<string, Node>): void {
  const { program, errors } = parseSync(file, readFileSync(new URL(file, FOLDER), 'utf8'))
  assert.deepEqual(errors, [], file)
  for (const { declaration } of program.body as unknown as readonly Node[]) {
    if (declaration?.id && declaration.typeAnnotation) types.set(declaration.id.name, declaration.typeAnnotation)
  }
}

/** What the wrappers of kysely and of column-types.ts say of a column. */
const WRAPPERS: Readonly<Record<string, Partial<Column>>> = {
  Generated: { hasDefault: true },
  GeneratedAlways: { hasDefault: true },
  Json: { kind: 'json' },
  JsonAlways: { kind: 'json', hasDefault: true },
  JsonDefault: { kind: 'json', hasDefault: true },
  JsonOrNull: { kind: 'json', isNullable: true },
  Instant: { kind: 'instant' },
  InstantDefault: { kind: 'instant', hasDefault: true },
  InstantOrNull: { kind: 'instant', isNullable: true },
}

function columnOf(type: Node | undefined): Column {
  const name = type?.typeName?.name ?? ''
  const wrapper = WRAPPERS[name]
  if (!wrapper) return { kind: kindOf(type), isNullable: allowsNull(type), hasDefault: false }
  const inner = type?.typeArguments?.params[0]
  return { kind: kindOf(inner), isNullable: allowsNull(inner), hasDefault: false, ...wrapper }
}

function allowsNull(type: Node | undefined): boolean {
  return type?.types?.some((one) => one.type === 'TSNullKeyword') ?? false
}

function kindOf(type: Node | undefined): string {
  switch (type?.type) {
    case 'TSNumberKeyword':
      return 'number'
    case 'TSBooleanKeyword':
      return 'boolean'
    case 'TSArrayType':
      return `list of ${kindOf(type.elementType)}`
    case 'TSUnionType': {
      const kinds = new Set(type.types?.filter((one) => one.type !== 'TSNullKeyword').map(kindOf))
      return [...kinds].join(' or ')
    }
    case 'TSTypeReference':
      // Every other named type that a column has is one of a few texts, such as a CRM or a mode.
      return type.typeName?.name === 'Buffer' ? 'bytes' : 'text'
    default:
      return 'text'
  }
}

/** Kinds as `database.ts` has the driver read them: a numeric is too wide for a number, a day must not get a time. */
const KINDS: Readonly<Record<string, string>> = {
  text: 'text',
  date: 'text',
  numeric: 'text',
  int8: 'number',
  int4: 'number',
  int2: 'number',
  float4: 'number',
  float8: 'number',
  bool: 'boolean',
  timestamptz: 'instant',
  jsonb: 'json',
  bytea: 'bytes',
  _text: 'list of text',
}

async function migratedTables({ db }: TestDatabase): Promise<TablesOf> {
  const { rows } = await sql<{ table: string; column: string; type: string; nullable: boolean; default: boolean }>`
    select table_name as "table", column_name as "column", udt_name as type, is_nullable = 'YES' as nullable,
      column_default is not null or is_identity = 'YES' or is_generated = 'ALWAYS' as "default"
    from information_schema.columns
    join information_schema.tables t using (table_schema, table_name)
    where table_schema = current_schema() and table_name not like 'kysely_%' and t.table_type = 'BASE TABLE'
    order by table_name, ordinal_position`.execute(db)
  const tables = new Map<string, Map<string, Column>>()
  for (const row of rows) {
    const columns = tables.get(row.table) ?? new Map<string, Column>()
    columns.set(row.column, { kind: KINDS[row.type] ?? row.type, isNullable: row.nullable, hasDefault: row.default })
    tables.set(row.table, columns)
  }
  return tables
}
