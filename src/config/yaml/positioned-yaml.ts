import { type Alias, isMap, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import type { z } from 'zod'
import { keyMeant, knownKeys } from './known-keys.ts'
import { misreadValues } from './misread-values.ts'
import { issueMessage, yamlMessage } from './yaml-messages.ts'

export type FileError = {
  readonly line: number
  readonly column: number
  /** `boundary[1].rules[3].owner`; empty where the error is about the whole file. */
  readonly field: string
  /** What is wrong and what is allowed. */
  readonly message: string
}

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly errors: FileError[] }

/** More errors than this help nobody; the first ones are usually the cause of the rest. */
const ERRORS_MAX = 50
/** `&a [*a, *a, ...]` grows to gigabytes; a policy has no use for more than a few aliases. */
const ALIASES_MAX = 100

/** Reads YAML against a schema. Every error has the place where a person has to look. */
export function parseYaml<Schema extends z.ZodType>(
  source: string,
  schema: Schema,
): Parsed<z.output<Schema>> & { readonly raw: unknown } {
  const lines = new LineCounter()
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false })
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const unread = unreadable(document)
  if (unread.length > 0) {
    const errors = unread.map(({ offset, message }) => ({ ...place(offset), field: '', message }))
    return { ok: false, errors, raw: null }
  }
  const raw: unknown = document.toJS({ maxAliasCount: ALIASES_MAX })
  const result = schema.safeParse(raw)
  const errors: FileError[] = misreadValues(document).map(({ offset, path, message }) => ({
    ...place(offset),
    field: spelled(path),
    message,
  }))
  if (result.success && errors.length === 0) return { ok: true, value: result.data, raw }
  const misread = new Set(errors.map(({ field }) => field))
  const issues = flatten(result.error?.issues ?? [])
  for (const { path, message } of described(issues, { document, schema, raw })) {
    if (errors.length >= ERRORS_MAX) break
    // What the misread value would not do is no second mistake.
    if (!misread.has(spelled(path))) errors.push({ ...place(offsetOf(document, path)), field: spelled(path), message })
  }
  errors.sort((a, b) => a.line - b.line || a.column - b.column)
  return { ok: false, errors, raw }
}

/** Why the text is no YAML, or none that can be taken for a value. Of one line the first mistake makes the rest. */
function unreadable(document: Document): { readonly offset: number; readonly message: string }[] {
  if (document.errors.length > 0) {
    const first = document.errors.filter(({ code }, i) => i === 0 || code === 'DUPLICATE_KEY')
    return first.slice(0, ERRORS_MAX).map((error) => ({ offset: error.pos[0], message: yamlMessage(error) }))
  }
  const aliases: Alias[] = []
  visit(document, { Alias: (_, alias) => void aliases.push(alias) })
  const unresolved = aliases.find((alias) => alias.resolve(document) === undefined)
  if (unresolved !== undefined) {
    const message = `is not valid YAML: *${unresolved.source} means what was marked with &${unresolved.source} before, and nothing was; put the value in quotes if it begins with *`
    return [{ offset: unresolved.range?.[0] ?? 0, message }]
  }
  try {
    document.toJS({ maxAliasCount: ALIASES_MAX })
    return []
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error
    const message = `is not valid YAML: its aliases (*) repeat too much; write the values out`
    return [{ offset: aliases[0]?.range?.[0] ?? 0, message }]
  }
}

/** Where a part of a document that was read without an error stands. */
export function placeIn(source: string, path: Path): Omit<FileError, 'message'> {
  const lines = new LineCounter()
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false })
  const { line, col } = lines.linePos(offsetOf(document, path))
  return { line: Math.max(line, 1), column: Math.max(col, 1), field: spelled(path) }
}

type Path = readonly (string | number)[]
type Issue = z.core.$ZodIssue
type Document = ReturnType<typeof parseDocument>

/** A union's own message hides what is wrong inside; the branch that got furthest says it. */
function flatten(issues: readonly Issue[], prefix: Path = []): Issue[] {
  return issues.flatMap((issue) => {
    const path = [...prefix, ...issue.path] as Path
    if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      const deepest = [...issue.errors].sort((a, b) => depth(b) - depth(a))[0]!
      if (depth(deepest) > 0) return flatten(deepest, path)
    }
    return [{ ...issue, path: [...path] } as Issue]
  })
}

function depth(issues: readonly Issue[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length + (issue.code === 'unrecognized_keys' ? 1 : 0)))
}

type Read = { readonly document: Document; readonly schema: z.ZodType; readonly raw: unknown }

/** What is missing because its key is misspelt is one mistake. */
function described(issues: readonly Issue[], read: Read): { path: Path; message: string }[] {
  const misspelt = new Set<string>()
  const unknown = issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return []
    const path = issue.path as Path
    const allowed = knownKeys(read.schema, path, read.raw)
    return issue.keys.map((key) => {
      const meant = keyMeant(key, allowed)
      misspelt.add(spelled(path))
      if (meant !== undefined) misspelt.add(spelled([...path, meant]))
      return { path: [...path, key], message: unknownKey(key, path, { meant, allowed }) }
    })
  })
  const others = issues.flatMap((issue) => {
    const path = issue.path as Path
    if (issue.code === 'unrecognized_keys') return []
    const isOfMisspelt =
      misspelt.has(spelled(path)) && (issue.code === 'custom' || valueAt(read.raw, path) === undefined)
    return isOfMisspelt ? [] : [{ path, message: messageOf(issue, read) }]
  })
  return [...unknown, ...others]
}

function messageOf(issue: Issue, { document, raw }: Read): string {
  const path = issue.path as Path
  if (issue.code === 'invalid_type' && issue.expected === 'string') {
    const node = document.getIn(path, true)
    if (isScalar(node) && node.value !== null && node.source !== undefined) {
      return `must be text; write it in quotes: ${JSON.stringify(node.source)}`
    }
  }
  if (path.length === 0 && issue.code === 'invalid_type') return NO_SETTINGS
  return issueMessage(issue, valueAt(raw, path))
}

const NO_SETTINGS =
  'holds no settings (key: value) at its beginning; copy a file of config that works, and change it step by step'

function valueAt(raw: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, part) => (value as Readonly<Record<string | number, unknown>> | null | undefined)?.[part],
    raw,
  )
}

const HUMAN_IN_THE_LOOP = /human[\s_-]*in[\s_-]*the[\s_-]*loop/i

function unknownKey(
  key: string,
  path: Path,
  { meant, allowed }: { readonly meant: string | undefined; readonly allowed: readonly string[] },
): string {
  if (HUMAN_IN_THE_LOOP.test(key.replace(/([A-Z])/g, ' $1'))) {
    return 'review, override, pause and boundary are four separate jobs, and "human in the loop" is none of them; allowed are reviewers, override, rollback, boundary, data, workflow'
  }
  if (key === 'posture')
    return 'is not set by hand: the posture follows from the class; choose a stricter class instead'
  if (key === '<<') return 'is a merge key, which is not read here; write the settings out'
  const where = path.length === 0 ? 'in this file' : `in ${spelled(path)}`
  const remedy = meant === undefined ? '' : ` Did you mean ${meant}?`
  return `is not known ${where}; check the spelling.${remedy}${allowed.length === 0 ? '' : ` Allowed are ${allowed.join(', ')}.`}`
}

function spelled(path: Path): string {
  let text = ''
  for (const part of path) text += typeof part === 'number' ? `[${part}]` : text === '' ? part : `.${part}`
  return text
}

/** Where the value stands; for a key that is missing, where its parent does. */
export function offsetOf(document: Document, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true)
    const last = path[length - 1]
    if (isMap(parent)) {
      const pair = parent.items.find(({ key }) => isScalar(key) && key.value === last)
      if (isScalar(pair?.key) && pair.key.range) return pair.key.range[0]
    }
    const node = document.getIn(path.slice(0, length), true)
    if (hasRange(node)) return node.range[0]
  }
  return hasRange(document.contents) ? document.contents.range[0] : 0
}

function hasRange(node: unknown): node is { range: [number, number, number] } {
  return typeof node === 'object' && node !== null && Array.isArray((node as { range?: unknown }).range)
}
