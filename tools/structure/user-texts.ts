import type { Source } from './sources.ts'
import { isNode, nameOf, type SyntaxNode, walk } from './syntax-tree.ts'

/** A piece of text that a person may read, as it stands in the source. */
export type UserText = { readonly text: string; readonly offset: number }

/**
 * String literals, templates and the text of JSX. Left out: comments, identifiers, types, addresses of imports, SQL, and
 * literals that are one lower-case word, which are values of the code ("settled-by-rule") and no sentences.
 */
export function userTextsOf({ text, program }: Source): UserText[] {
  const found: UserText[] = []
  if (program === null) return found
  const take = (node: SyntaxNode) => {
    // Line breaks written as \n must not stick to the next word, and offsets must stay.
    found.push({ text: text.slice(node.start, node.end).replaceAll(/\\[nt]/g, '  '), offset: node.start })
  }
  walk(program, (node, [parent]) => {
    if (isNotRead(node)) return false
    if (node.type === 'JSXText') take(node)
    if (node.type === 'Literal' && typeof node.value === 'string' && parent?.source !== node) {
      if (parent?.type === 'JSXAttribute' || !isCodeWord(node.value)) take(node)
    }
    if (node.type === 'TemplateLiteral' && Array.isArray(node.quasis)) {
      for (const part of node.quasis) if (isNode(part)) take(part)
    }
    return undefined
  })
  return found
}

/** Prose without its code: fenced blocks and `code` become spaces, so that offsets stay. */
export function proseOf(markdown: string): string {
  return markdown.replaceAll(/^```.*?^```|`[^`\n]*`/gms, (code) => code.replaceAll(/[^\n]/g, ' '))
}

function isNotRead(node: SyntaxNode): boolean {
  if (node.type === 'TSLiteralType') return true
  if (node.type === 'TaggedTemplateExpression') return nameOf(node.tag) === 'sql'
  const first = node.type === 'TemplateLiteral' ? (node.quasis as SyntaxNode[])[0]?.value : node.value
  const text = typeof first === 'string' ? first : (first as { raw?: unknown } | undefined)?.raw
  return typeof text === 'string' && SQL.test(text)
}

const SQL = /^\s*(select\s|insert into\s|update\s+\S+\s+set\s|delete from\s|with\s+\w+(\s|\()|create\s|alter\s|drop\s)/

function isCodeWord(value: string): boolean {
  return /^[a-z0-9_.:/@#*=&?-]*$/.test(value)
}
