import { glob, readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { type Circle, folderCircles, importCircles } from './circles.ts'
import { type FunctionLength, functionLengths } from './function-lengths.ts'
import { findImports, type Import } from './imports.ts'
import { findPhrases } from './phrases.ts'
import { isTest, lineAt, readSources, type Source } from './sources.ts'
import { type Spread, spreadOf } from './spread.ts'
import { proseOf, userTextsOf } from './user-texts.ts'

export type Measurements = {
  readonly filesPerFolder: Spread & { readonly over: readonly Counted[] }
  readonly functions: {
    readonly product: Spread & { readonly over: readonly FunctionLength[] }
    readonly tests: Spread
  }
  readonly files: {
    readonly product: Spread & { readonly over: readonly Counted[] }
    readonly tests: Spread & { readonly over: readonly Counted[] }
  }
  readonly runtimeCircles: readonly Circle[]
  readonly typeCircles: readonly Circle[]
  readonly folderCircles: readonly Circle[]
  readonly vendorNames: readonly Counted[]
  readonly arrows: readonly { readonly from: string; readonly to: string; readonly imports: number }[]
  readonly phrases: readonly { readonly phrase: string; readonly path: string; readonly line: number }[]
}

export type Counted = { readonly path: string; readonly count: number }

/** Larger than this is listed. */
export const LIMITS = { filesPerFolder: 25, functionLines: 60, productFileLines: 300, testFileLines: 500 }

/** Where a CRM may be called by its name. */
const VENDORS_AT_HOME = /^(src\/crm|src\/config|console\/src\/connect)\//
const PRODUCT_ROOMS = /^(src|workers|console\/src)\//
/** The list of phrases quotes them. */
const PHRASE_LIST = 'tools/structure/phrases.ts'

export async function measure(root: string): Promise<Measurements> {
  const sources = await readSources(root)
  const code = sources.filter(({ program }) => program !== null)
  const product = code.filter(({ path }) => !isTest(path))
  const tests = code.filter(({ path }) => isTest(path))
  const imports = findImports(code)
  return {
    filesPerFolder: filesPerFolder(sources),
    functions: {
      product: functionsOver(product.flatMap(functionLengths)),
      tests: spreadOf(tests.flatMap(functionLengths).map(({ lines }) => lines)),
    },
    files: {
      product: over(linesOf(product), LIMITS.productFileLines),
      tests: over(linesOf(tests), LIMITS.testFileLines),
    },
    runtimeCircles: importCircles(imports, { withTypes: false }),
    typeCircles: importCircles(imports, { withTypes: true }),
    folderCircles: folderCircles(imports),
    vendorNames: vendorNames(sources),
    arrows: arrowsOf(imports),
    phrases: [...phrasesInCode(product), ...(await phrasesInDocuments(root))],
  }
}

function filesPerFolder(sources: readonly Source[]): Measurements['filesPerFolder'] {
  const counts = new Map<string, number>()
  for (const { path } of sources) {
    const folder = posix.dirname(path)
    counts.set(folder, (counts.get(folder) ?? 0) + 1)
  }
  return over(
    [...counts].map(([path, count]) => ({ path, count })),
    LIMITS.filesPerFolder,
  )
}

function functionsOver(all: readonly FunctionLength[]): Measurements['functions']['product'] {
  const long = all.filter(({ lines }) => lines > LIMITS.functionLines).toSorted((a, b) => b.lines - a.lines)
  return { ...spreadOf(all.map(({ lines }) => lines)), over: long }
}

function linesOf(sources: readonly Source[]): Counted[] {
  return sources.map(({ path, lineCount }) => ({ path, count: lineCount }))
}

function over(all: readonly Counted[], limit: number): Spread & { readonly over: readonly Counted[] } {
  return { ...spreadOf(all.map(({ count }) => count)), over: byCount(all.filter(({ count }) => count > limit)) }
}

/** Comments, styles and SQL count too; the READMEs of the rooms do not. */
function vendorNames(sources: readonly Source[]): Counted[] {
  const named = sources
    .filter(({ path }) => PRODUCT_ROOMS.test(path) && !VENDORS_AT_HOME.test(path) && !isTest(path))
    .filter(({ path }) => !path.endsWith('.md'))
    .map(({ path, text }) => ({ path, count: [...text.matchAll(/hubspot|salesforce/gi)].length }))
  return byCount(named.filter(({ count }) => count > 0))
}

/** Tests that stand beside the code are no part of its room. */
function arrowsOf(imports: readonly Import[]): Measurements['arrows'] {
  const counts = new Map<string, number>()
  for (const { from, to } of imports) {
    if (isTest(from) && !from.startsWith('test/')) continue
    const arrow = `${roomOf(from)} ${roomOf(to)}`
    if (roomOf(from) !== roomOf(to)) counts.set(arrow, (counts.get(arrow) ?? 0) + 1)
  }
  return [...counts].toSorted().map(([arrow, count]) => {
    const [from = '', to = ''] = arrow.split(' ')
    return { from, to, imports: count }
  })
}

function roomOf(path: string): string {
  const [first = '', second = ''] = path.split('/')
  return first === 'src' ? `src/${second}` : first
}

function phrasesInCode(product: readonly Source[]): Measurements['phrases'] {
  return product
    .filter(({ path }) => path !== PHRASE_LIST)
    .flatMap((source) =>
      userTextsOf(source).flatMap(({ text, offset }) =>
        findPhrases(text).map((found) => ({
          phrase: found.phrase,
          path: source.path,
          line: lineAt(source.text, offset + found.offset),
        })),
      ),
    )
}

async function phrasesInDocuments(root: string): Promise<Measurements['phrases']> {
  const paths: string[] = []
  for await (const path of glob('{docs/**/*.md,README.md,CONTRIBUTING.md}', { cwd: root })) {
    paths.push(path.replaceAll('\\', '/'))
  }
  const pages = await Promise.all(
    paths.toSorted().map(async (path) => ({ path, prose: proseOf(await readFile(join(root, path), 'utf8')) })),
  )
  return pages.flatMap(({ path, prose }) =>
    findPhrases(prose).map(({ phrase, offset }) => ({ phrase, path, line: lineAt(prose, offset) })),
  )
}

function byCount(all: readonly Counted[]): Counted[] {
  return all.toSorted((a, b) => b.count - a.count || (a.path < b.path ? -1 : 1))
}
