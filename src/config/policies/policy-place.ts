import { LineCounter, parseDocument } from 'yaml'
import { offsetOf } from '../yaml/positioned-yaml.ts'

/** Where a part of a policy stands in its text; null where the text cannot be read. */
export function placeInPolicy(
  source: string,
  path: readonly (string | number)[],
): { readonly line: number; readonly column: number } | null {
  const lines = new LineCounter()
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false })
  if (document.errors.length > 0) return null
  const { line, col } = lines.linePos(offsetOf(document, path))
  return { line: Math.max(line, 1), column: Math.max(col, 1) }
}
