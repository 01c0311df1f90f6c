import { lineAt, type Source } from './sources.ts'
import { nameOf, type SyntaxNode, walk } from './syntax-tree.ts'

export type FunctionLength = {
  readonly path: string
  readonly line: number
  readonly name: string
  /** From its first line to its last, functions inside it included. */
  readonly lines: number
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])
const TEST_BLOCKS = new Set(['describe', 'it', 'suite', 'test'])

/** Every function with a body, components and methods too. What `describe` and `it` are given is a list, not a function. */
export function functionLengths({ path, text, program }: Source): FunctionLength[] {
  const found: FunctionLength[] = []
  if (program === null) return found
  walk(program, (node, parents) => {
    if (!FUNCTIONS.has(node.type) || node.body === null || isTestBlock(parents[0])) return undefined
    const line = lineAt(text, node.start)
    const lines = text.slice(node.start, node.end).split('\n').length
    found.push({ path, line, name: nameOfFunction(node, parents), lines })
    return undefined
  })
  return found
}

function isTestBlock(parent: SyntaxNode | undefined): boolean {
  if (parent?.type !== 'CallExpression') return false
  return TEST_BLOCKS.has(calleeName(parent).split('.')[0] ?? '')
}

function nameOfFunction(node: SyntaxNode, parents: readonly SyntaxNode[]): string {
  const [parent] = parents
  const name = nameOf(node.id) ?? nameOf(parent?.id) ?? nameOf(parent?.key)
  if (name !== null) return name
  return parent?.type === 'CallExpression' ? `callback of ${calleeName(parent)}` : 'unnamed'
}

function calleeName(call: SyntaxNode): string {
  const callee = call.callee as SyntaxNode
  if (callee.type !== 'MemberExpression') return nameOf(callee) ?? 'a call'
  const object = nameOf(callee.object)
  return `${object === null ? '' : `${object}.`}${nameOf(callee.property) ?? 'a call'}`
}
