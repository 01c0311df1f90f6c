import { isMap, isScalar, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { misreadValues } from './misread-values.ts'

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
  if (document.errors.length > 0) {
    const errors = document.errors.slice(0, ERRORS_MAX).map((error) => ({
      ...place(error.pos[0]),
      field: '',
      message: `is not valid YAML: ${error.message}`,
    }))
    return { ok: false, errors, raw: null }
  }
  let raw: unknown
  try {
    raw = document.toJS({ maxAliasCount: ALIASES_MAX })
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error
    return {
      ok: false,
      errors: [{ line: 1, column: 1, field: '', message: `is not valid YAML: ${error.message}` }],
      raw: null,
    }
  }
  const result = schema.safeParse(raw)
  const errors: FileError[] = misreadValues(document).map(({ offset, path, message }) => ({
    ...place(offset),
    field: spelled(path),
    message,
  }))
  if (result.success && errors.length === 0) return { ok: true, value: result.data, raw }
  const misread = new Set(errors.map(({ field }) => field))
  for (const issue of flatten(result.error?.issues ?? [])) {
    if (errors.length >= ERRORS_MAX) break
    for (const { path, message } of described(issue, document)) {
      // What the misread value would not do is no second mistake.
      if (!misread.has(spelled(path)))
        errors.push({ ...place(offsetOf(document, path)), field: spelled(path), message })
    }
  }
  errors.sort((a, b) => a.line - b.line || a.column - b.column)
  return { ok: false, errors, raw }
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

const HUMAN_IN_THE_LOOP = /human[\s_-]*in[\s_-]*the[\s_-]*loop/i

function described(issue: Issue, document: ReturnType<typeof parseDocument>): { path: Path; message: string }[] {
  const path = issue.path as Path
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(key, path) }))
  }
  if (issue.code === 'invalid_type' && issue.input === undefined && issue.message.includes('received undefined')) {
    return [{ path, message: `is missing; allowed is ${issue.expected === 'string' ? 'text' : `a ${issue.expected}`}` }]
  }
  if (issue.code === 'invalid_type' && issue.expected === 'string') {
    const node = document.getIn(path, true)
    if (isScalar(node) && node.value !== null && node.source !== undefined) {
      return [{ path, message: `must be text; write it in quotes: ${JSON.stringify(node.source)}` }]
    }
  }
  if (issue.code === 'invalid_value') {
    return [
      {
        path,
        message: `is not allowed here; allowed ${issue.values.length === 1 ? 'is' : 'are'} ${issue.values.join(', ')}`,
      },
    ]
  }
  return [{ path, message: issue.message }]
}

function unknownKey(key: string, path: Path): string {
  if (HUMAN_IN_THE_LOOP.test(key.replace(/([A-Z])/g, ' $1'))) {
    return 'review, override, pause and boundary are four separate jobs, and "human in the loop" is none of them; allowed are reviewers, override, rollback, boundary, data, workflow'
  }
  if (key === 'posture')
    return 'is not set by hand: the posture follows from the class; choose a stricter class instead'
  return `is not known ${path.length === 0 ? 'in this file' : `in ${spelled(path)}`}; check the spelling, or see config/schema for what is allowed`
}

function spelled(path: Path): string {
  let text = ''
  for (const part of path) text += typeof part === 'number' ? `[${part}]` : text === '' ? part : `.${part}`
  return text
}

/** Where the value stands; for a key that is missing, where its parent does. */
export function offsetOf(document: ReturnType<typeof parseDocument>, path: Path): number {
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
