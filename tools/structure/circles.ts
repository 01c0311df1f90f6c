import type { Import } from './imports.ts'
import { isTest } from './sources.ts'

/** Files or folders each of which reaches every other one of the list: one circle, or several that share a member. */
export type Circle = readonly string[]

export function importCircles(imports: readonly Import[], { withTypes }: { withTypes: boolean }): Circle[] {
  return circlesOf(imports.filter(({ typeOnly }) => withTypes || !typeOnly))
}

/**
 * Circles between folders that stand side by side, on every floor of the tree: src/crm and src/store, src/crm/hubspot
 * and src/crm/salesforce, and so on. Types count. Files that stand beside the folders put them together and are
 * nobody's neighbor; tests may use whatever they check.
 */
export function folderCircles(imports: readonly Import[]): Circle[] {
  const arrows: Arrow[] = []
  for (const { from, to } of imports) {
    if (isTest(from) && !from.startsWith('test/')) continue
    const [a, b] = neighbors(from, to)
    if (a !== null && b !== null) arrows.push({ from: a, to: b })
  }
  return circlesOf(arrows)
}

type Arrow = { readonly from: string; readonly to: string }

/** The two folders below the deepest folder that holds both files; null where a file stands in that folder itself. */
function neighbors(from: string, to: string): [string | null, string | null] {
  const a = from.split('/')
  const b = to.split('/')
  let depth = 0
  while (depth < a.length - 1 && depth < b.length - 1 && a[depth] === b[depth]) depth += 1
  const folder = (parts: string[]) => (depth < parts.length - 1 ? parts.slice(0, depth + 1).join('/') : null)
  return [folder(a), folder(b)]
}

/** Tarjan's strongly connected components, without those of a single member. */
function circlesOf(arrows: readonly Arrow[]): Circle[] {
  const targets = new Map<string, Set<string>>()
  for (const { from, to } of arrows) targets.set(from, (targets.get(from) ?? new Set()).add(to))
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const open: string[] = []
  const circles: string[][] = []

  function visit(node: string): void {
    const place = order.size
    order.set(node, place)
    lowest.set(node, place)
    open.push(node)
    for (const target of targets.get(node) ?? []) {
      if (!order.has(target)) visit(target)
      if (open.includes(target)) lowest.set(node, Math.min(lowest.get(node) ?? 0, lowest.get(target) ?? 0))
    }
    if (lowest.get(node) !== place) return
    const members = open.splice(open.indexOf(node))
    if (members.length > 1) circles.push(members.toSorted())
  }

  for (const node of targets.keys()) if (!order.has(node)) visit(node)
  return circles.toSorted((a, b) => ((a[0] ?? '') < (b[0] ?? '') ? -1 : 1))
}
