import { copyFile, glob, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { cruise, type ICruiseResult } from 'dependency-cruiser'
import { transformWithOxc } from 'vite'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** Below the checkout, so that packages are found as they are from the sources. */
const SHADOW = join(ROOT, '.data', 'import-rules')

/**
 * dependency-cruiser 18 reads TypeScript only through TypeScript below 7, and would silently see next to nothing. So it
 * is given the same tree as JavaScript, made by the compiler that also builds the console. Twice: rooms must not know
 * each other's types either, while two files may well refer to each other's types.
 */
export async function findImportViolations(): Promise<string[]> {
  const rules = (await import(pathToFileURL(join(ROOT, '.dependency-cruiser.mjs')).href)) as {
    default: { forbidden: { to: { circular?: boolean } }[]; options: Record<string, unknown> }
  }
  const { forbidden, options } = rules.default
  const isAboutCycles = (rule: { to: { circular?: boolean } }) => rule.to.circular === true
  const all = await violations({
    forbidden: forbidden.filter((rule) => !isAboutCycles(rule)),
    options,
    withTypes: true,
  })
  const cycles = await violations({ forbidden: forbidden.filter(isAboutCycles), options, withTypes: false })
  return [...all, ...cycles]
}

async function violations(check: {
  readonly forbidden: readonly unknown[]
  readonly options: Record<string, unknown>
  readonly withTypes: boolean
}): Promise<string[]> {
  await rm(SHADOW, { recursive: true, force: true })
  try {
    const { written, problems } = await writeShadow(check.withTypes)
    const { output } = await cruise([...new Set(written.map((file) => file.split('/')[0] ?? file))], {
      ...check.options,
      baseDir: SHADOW,
      validate: true,
      ruleSet: { forbidden: check.forbidden as never[] },
    })
    const { modules, summary } = output as ICruiseResult
    const seen = new Set(modules.map(({ source }) => source))
    return [
      ...problems,
      // A checker that sees nothing finds nothing wrong.
      ...written.filter((file) => !seen.has(file)).map((file) => `${original(file)} was not looked at`),
      ...summary.violations.map(
        ({ rule, from, to, comment }) =>
          `${rule.name}: ${original(from)} → ${original(to)}${comment ? ` (${comment})` : ''}`,
      ),
    ]
  } finally {
    await rm(SHADOW, { recursive: true, force: true })
  }
}

async function writeShadow(withTypes: boolean): Promise<{ written: string[]; problems: string[] }> {
  const written: string[] = []
  const problems: string[] = []
  await mkdir(SHADOW, { recursive: true })
  await copyFile(join(ROOT, 'package.json'), join(SHADOW, 'package.json'))
  const pattern = '{src,workers,sandbox,console,bench,tools,test}/**/*.{ts,tsx,mjs}'
  for await (const file of glob(pattern, {
    cwd: ROOT,
    exclude: (name) => name === 'node_modules' || name === 'dist',
  })) {
    if (file.endsWith('.d.ts')) continue
    const source = await readFile(join(ROOT, file), 'utf8')
    try {
      const { code } = await transformWithOxc(withTypes ? asValues(source) : source, file, {
        target: 'esnext',
        lang: file.endsWith('x') ? 'tsx' : 'ts',
        sourcemap: false,
        typescript: { onlyRemoveTypeImports: true },
      })
      const target = shadowOf(file)
      await mkdir(dirname(join(SHADOW, target)), { recursive: true })
      await writeFile(join(SHADOW, target), code.replaceAll(/(['"])(\.{1,2}\/[^'"\n]*)\.(?:tsx?|mjs)\1/g, '$1$2.js$1'))
      written.push(target)
    } catch (error) {
      problems.push(`${file} cannot be read: ${(error as Error).message.split('\n')[0]}`)
    }
  }
  return { written, problems }
}

/** `import type { A } from` would vanish with the types. */
function asValues(source: string): string {
  return source.replaceAll(/^(import|export) type (?=[{*]|\w+ from)/gm, '$1 ')
}

function shadowOf(file: string): string {
  return file.replaceAll('\\', '/').replace(/\.(tsx?|mjs)$/, '.js')
}

function original(file: string): string {
  return file.replace(/^(\.\.\/)+/, '').replace(/\.js$/, '')
}
