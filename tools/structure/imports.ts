import { posix } from 'node:path'
import type { Source } from './sources.ts'
import { stringOf, walk } from './syntax-tree.ts'

export type Import = {
  readonly from: string
  readonly to: string
  /** Gone when the code runs: `import type`, `export type ... from`, `import('./a.ts').A` as a type. */
  readonly typeOnly: boolean
}

const STATEMENTS = new Set(['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration'])

/** Imports among the measured files; packages and files that are not measured are left out. */
export function findImports(sources: readonly Source[]): Import[] {
  const known = new Set(sources.map(({ path }) => path))
  return sources.flatMap(importsOf).filter(({ to }) => known.has(to))
}

function importsOf({ path, program }: Source): Import[] {
  const found: Import[] = []
  if (program === null) return found
  walk(program, (node) => {
    const target = stringOf(node.source)
    if (target?.startsWith('.')) {
      const isStatement = STATEMENTS.has(node.type)
      if (isStatement || node.type === 'ImportExpression' || node.type === 'TSImportType') {
        const typeOnly = node.importKind === 'type' || node.exportKind === 'type' || node.type === 'TSImportType'
        found.push({ from: path, to: posix.join(posix.dirname(path), target), typeOnly })
      }
    }
    return undefined
  })
  return found
}
