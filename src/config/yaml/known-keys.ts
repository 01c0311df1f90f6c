import { z } from 'zod'
import { nearestName } from '../nearest-name.ts'

type Path = readonly (string | number)[]

/** JSON Schema, as far as it says which keys there are. */
type Node = {
  readonly properties?: Readonly<Record<string, Node>>
  readonly additionalProperties?: Node | boolean
  readonly items?: Node
  readonly anyOf?: readonly Node[]
  readonly oneOf?: readonly Node[]
  readonly const?: unknown
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, Node>>
}

const made = new WeakMap<z.ZodType, Node>()

/** The keys that a document may have at this place; of several forms there, those of the one that `raw` is of. */
export function knownKeys(schema: z.ZodType, path: Path, raw: unknown): string[] {
  let root = made.get(schema)
  if (root === undefined) {
    root = z.toJSONSchema(schema, { io: 'input' }) as Node
    made.set(schema, root)
  }
  let nodes = formsOf(root, root, raw)
  let value = raw
  for (const part of path) {
    value = (value as Readonly<Record<string | number, unknown>> | undefined)?.[part]
    nodes = nodes.flatMap((node) => formsOf(below(node, part), root, value))
  }
  return [...new Set(nodes.flatMap(({ properties = {} }) => Object.keys(properties)))]
}

function below({ properties, additionalProperties, items }: Node, part: string | number): Node {
  if (typeof part === 'number') return items ?? {}
  return properties?.[part] ?? (typeof additionalProperties === 'object' ? additionalProperties : {})
}

function formsOf(node: Node, root: Node, value: unknown): Node[] {
  const { $ref, anyOf, oneOf } = node
  if ($ref !== undefined) return formsOf(root.$defs?.[$ref.split('/').at(-1)!] ?? {}, root, value)
  const forms = anyOf ?? oneOf
  if (forms === undefined) return [node]
  const all = forms.flatMap((form) => formsOf(form, root, value))
  const given = value as Readonly<Record<string, unknown>> | null | undefined
  const named = all.filter(({ properties }) =>
    Object.entries(properties ?? {}).some(([key, of]) => of.const !== undefined && of.const === given?.[key]),
  )
  return named.length > 0 ? named : all
}

/** What other tools call it. */
const OTHER_WORDS: Readonly<Record<string, readonly string[]>> = {
  equals: ['eq', 'is', 'equalto', 'equalsto', 'value', '=', '=='],
  not: ['ne', 'neq', 'isnot', 'notequal', 'notequals', '!='],
  in: ['any', 'anyof', 'oneof', 'values', 'isin'],
  'not-in': ['nin', 'noneof', 'isnotin', 'exclude', 'excludes'],
  prefix: ['startswith', 'beginswith', 'starts'],
  contains: ['includes', 'include', 'has', 'like', 'matches', 'regex'],
  blank: ['empty', 'isempty', 'isblank', 'isnull', 'null', 'missing', 'exists'],
  range: ['between', 'min', 'max', 'gt', 'gte', 'lt', 'lte', 'atleast', 'atmost', 'over', 'under', 'from', 'below'],
  from: ['min', 'gt', 'gte', 'start', 'after', 'atleast', 'since'],
  below: ['max', 'lt', 'lte', 'to', 'until', 'before', 'end', 'upto'],
  'older-than-days': ['olderthan', 'age', 'days', 'daysago', 'before'],
  field: ['name', 'property', 'column', 'key'],
  when: ['if', 'conditions', 'condition', 'where', 'criteria', 'filter'],
  owner: ['assign', 'assignto', 'assignee', 'to', 'user'],
  because: ['reason', 'why', 'description', 'note'],
  rule: ['id', 'name'],
  boundary: ['branches', 'rules'],
  objects: ['object', 'watch'],
  currency: ['cur', 'unit'],
  members: ['member', 'people', 'owners', 'users', 'reps'],
  territory: ['id', 'name'],
  general: ['default', 'reviewer'],
}

/** How far a slip of the keys goes: one letter in a short word, two in others. */
function slipsMax(key: string): number {
  return key.length <= 3 ? 1 : 2
}

/** Which of the allowed keys was most likely meant; undefined: none is near. */
export function keyMeant(written: string, allowed: readonly string[]): string | undefined {
  const letters = (key: string) => key.toLowerCase().replaceAll(/[^a-z0-9=!]/g, '')
  const key = letters(written)
  const same = allowed.find((one) => letters(one) === key)
  if (same !== undefined) return same
  const word = allowed.find((one) => OTHER_WORDS[one]?.includes(key))
  if (word !== undefined) return word
  const near = nearestName(key, allowed.map(letters), slipsMax(key))
  return allowed.find((one) => letters(one) === near)
}
