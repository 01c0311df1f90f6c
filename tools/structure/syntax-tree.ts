/** A node of the parser's tree. What else it holds depends on its type. */
export type SyntaxNode = {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

/** Every node, parents first, each with the nodes it stands in, nearest first. Return false to skip what is inside. */
export function walk(
  node: SyntaxNode,
  visit: (node: SyntaxNode, parents: readonly SyntaxNode[]) => boolean | undefined,
  parents: readonly SyntaxNode[] = [],
): void {
  if (visit(node, parents) === false) return
  const below = [node, ...parents.slice(0, 3)]
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) walk(child, visit, below)
    }
  }
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && typeof (value as SyntaxNode).type === 'string'
}

/** The text of a plain string; null for everything else. */
export function stringOf(value: unknown): string | null {
  return isNode(value) && value.type === 'Literal' && typeof value.value === 'string' ? value.value : null
}

/** The name of an identifier or key; null for computed ones. */
export function nameOf(value: unknown): string | null {
  if (!isNode(value)) return null
  if (typeof value.name === 'string') return value.name
  return stringOf(value)
}
