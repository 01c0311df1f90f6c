import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseSync } from 'vite'
import type { SyntaxNode } from './syntax-tree.ts'

/** A file of the measured checkout; `program` is null where it is not JavaScript or TypeScript. */
export type Source = {
  /** From the root of the checkout, with slashes. */
  readonly path: string
  readonly text: string
  readonly lineCount: number
  readonly program: SyntaxNode | null
}

/** What is measured. Benchmarks and settings are not. */
const MEASURED = '{src,workers,console/src,sandbox,tools,test}/**/*'
const SKIPPED_FOLDERS = new Set(['node_modules', 'dist', '.data'])

export async function readSources(root: string): Promise<Source[]> {
  const paths: string[] = []
  for await (const entry of glob(MEASURED, {
    cwd: root,
    withFileTypes: true,
    exclude: ({ name }) => SKIPPED_FOLDERS.has(name),
  })) {
    if (entry.isFile()) paths.push(join(entry.parentPath, entry.name))
  }
  const sources = await Promise.all(paths.map((path) => readSource(root, path)))
  return sources.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

export function parseSource(path: string, text: string): Source {
  const isCode = /\.(tsx?|mjs)$/.test(path) && !path.endsWith('.d.ts')
  return {
    path,
    text,
    lineCount: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    program: isCode ? parse(path, text) : null,
  }
}

/** Tests check the product, or help to. */
export function isTest(path: string): boolean {
  return path.startsWith('test/') || /\.test\.tsx?$/.test(path)
}

export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

async function readSource(root: string, path: string): Promise<Source> {
  const fromRoot = path.slice(root.length).replaceAll('\\', '/').replace(/^\/+/, '')
  return parseSource(fromRoot, await readFile(path, 'utf8'))
}

/** TypeScript 7 offers no parser to JavaScript, so the one that builds the console reads the sources. */
function parse(path: string, text: string): SyntaxNode {
  const { program, errors } = parseSync(path, text)
  if (errors[0]) throw new Error(`${path} cannot be parsed: ${errors[0].message}`)
  return program as unknown as SyntaxNode
}
