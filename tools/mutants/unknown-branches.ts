import { parseSource } from '../structure/sources.ts'
import { isNode, nameOf, type SyntaxNode, walk } from '../structure/syntax-tree.ts'

/** One place where the model treats what is not known apart, and the text that forgets to. */
export type UnknownBranch = {
  readonly path: string
  readonly line: number
  readonly start: number
  readonly end: number
  /** What stands there, and what stands there in the mutated source. */
  readonly was: string
  readonly becomes: string
}

/** Names of variables that hold what is missing, or null where nothing is. */
const MISSING = /^(unknown|missing|\w+Unknown|unseenKeys)$/

/** The unknown branches of one file of the model, in the order of the text. Each is removed by its own mutation. */
export function unknownBranches(path: string, text: string): UnknownBranch[] {
  const { program } = parseSource(path, text)
  const found: UnknownBranch[] = []
  if (program === null) return found
  walk(program, (node) => {
    if (node.type.startsWith('TS')) return false
    const becomes = forgetful(node, text)
    if (becomes !== null) {
      const { start, end } = node
      const line = text.slice(0, start).split('\n').length
      found.push({ path, line, start, end, was: text.slice(start, end), becomes })
    }
    return true
  })
  return found
}

/** The code without its unknown branch; null: the node is none. */
function forgetful(node: SyntaxNode, text: string): string | null {
  const textOf = (value: unknown) => (isNode(value) ? text.slice(value.start, value.end) : '')
  if (node.type === 'BinaryExpression') {
    // `x instanceof Unknown`: nothing ever is.
    if (node.operator === 'instanceof' && nameOf(node.right) === 'Unknown') return 'false'
    // `truth !== true` after false was dealt with: unknown counts as true.
    if (node.operator === '!==' && isLiteral(node.right, true)) return `(${textOf(node.left)}) === false`
    // `unknown !== null`: nothing is missing.
    const isAboutMissing = MISSING.test(lastName(node.left)) && isLiteral(node.right, null)
    if (isAboutMissing && (node.operator === '!==' || node.operator === '===')) {
      return node.operator === '!==' ? 'false' : 'true'
    }
  }
  // `Unknown.both(a, b)` loses what the second one misses.
  if (node.type === 'CallExpression' && textOf(node.callee) === 'Unknown.both') {
    const [first] = node.arguments as readonly unknown[]
    return textOf(first)
  }
  // `unknown ?? value`: the value, whatever is missing.
  if (node.type === 'LogicalExpression' && node.operator === '??' && MISSING.test(lastName(node.left))) {
    return `(${textOf(node.right)})`
  }
  return null
}

function isLiteral(value: unknown, is: boolean | null): boolean {
  return isNode(value) && value.type === 'Literal' && value.value === is && value.regex === undefined
}

/** `unknown` of `routing.unknown`. */
function lastName(value: unknown): string {
  if (!isNode(value)) return ''
  return (value.type === 'MemberExpression' ? nameOf(value.property) : nameOf(value)) ?? ''
}
