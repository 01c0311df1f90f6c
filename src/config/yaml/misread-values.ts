import { type Document, isMap, isPair, isScalar, type Scalar, visit } from 'yaml'

/** Where conditions hold values, which are text whatever they look like. */
const VALUE_KEYS: ReadonlySet<unknown> = new Set([
  'equals',
  'not',
  'in',
  'not-in',
  'from',
  'below',
  'prefix',
  'contains',
])

/** 50.000 is fifty to YAML, and fifty thousand in half of Europe. */
const THOUSANDS = /^[+-]?\d{1,3}(?:\.\d{3})+$/

type Misread = { readonly offset: number; readonly path: (string | number)[]; readonly message: string }

/**
 * Values of conditions that YAML does not read as they are written: a postal code loses its zero, a version its last digit,
 * a dialing code its plus. What was meant cannot be told afterwards, so each is refused, with the form that keeps it.
 */
export function misreadValues(document: Document): Misread[] {
  const found: Misread[] = []
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || !isMisread(node)) return
      const path = pathOf(ancestors, node)
      const [parent, above] = path.toReversed()
      const isValue = VALUE_KEYS.has(typeof parent === 'number' ? above : parent)
      const source = node.source ?? ''
      if (!isValue && !THOUSANDS.test(source)) return
      const message = `${source} is read as ${inWords(node.value)}; ${remedyFor(node, isValue, parent)}`
      found.push({ offset: node.range?.[0] ?? 0, path, message })
    },
  })
  return found
}

/** The end of a range may be a number, or a code of digits. */
function remedyFor({ source = '', value }: Scalar, isValue: boolean, key: string | number | undefined): string {
  const inQuotes = `write it in quotes to keep it as it is: ${JSON.stringify(source)}`
  const plain = `write ${String(value)} if that is meant`
  if (!isValue) return `${plain}, or ${source.replaceAll('.', '')}`
  const isEnd = key === 'from' || key === 'below'
  return isEnd && Number.isFinite(value) ? `${plain}, and else ${inQuotes}` : inQuotes
}

function inWords(value: unknown): string {
  if (value instanceof Date) return 'a moment in time'
  return typeof value === 'boolean' ? `the word ${value}` : `the number ${value}`
}

function isMisread({ value, source, type, tag }: Scalar): boolean {
  if (type !== 'PLAIN' || source === undefined || tag !== undefined) return false
  if (value instanceof Date) return true
  if (typeof value === 'boolean') return String(value) !== source.toLowerCase()
  return (typeof value === 'number' || typeof value === 'bigint') && String(value) !== source
}

function pathOf(ancestors: readonly unknown[], node: Scalar): (string | number)[] {
  const path: (string | number)[] = []
  for (const [i, ancestor] of ancestors.entries()) {
    const child = ancestors[i + 1] ?? node
    if (isPair(ancestor) && isScalar(ancestor.key)) path.push(String(ancestor.key.value))
    else if (!isMap(ancestor) && hasItems(ancestor)) path.push(ancestor.items.indexOf(child))
  }
  return path
}

function hasItems(node: unknown): node is { items: unknown[] } {
  return typeof node === 'object' && node !== null && Array.isArray((node as { items?: unknown }).items)
}
