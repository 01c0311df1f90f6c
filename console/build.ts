import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('.', import.meta.url))
const STAMP = '.built-from'

/** Where the built console stands. */
export const CONSOLE_DIST = join(ROOT, 'dist')

/**
 * Builds the console when its sources or its libraries changed since the last build; otherwise returns within a few
 * milliseconds, without even loading the bundler. True when something was built.
 */
export async function buildConsoleIfStale(
  options: { readonly onProgress?: (line: string) => void; readonly outDir?: string } = {},
): Promise<boolean> {
  const outDir = options.outDir ?? CONSOLE_DIST
  const stamp = await digestOfSources()
  const built = await readFile(join(outDir, STAMP), 'utf8').catch(() => null)
  if (built === stamp && existsSync(join(outDir, 'index.html'))) return false

  const startedAt = performance.now()
  options.onProgress?.('Building the console, once after each change ...')
  // Beside the old build and swapped in at the end: a console that is being used never sees half a build, and two
  // builds at once do not mix.
  const growing = `${outDir}-${process.pid}`
  try {
    const [{ build }, { default: react }] = await Promise.all([import('vite'), import('@vitejs/plugin-react')])
    await build({
      root: ROOT,
      configFile: false,
      logLevel: 'error',
      plugins: [react()],
      html: { cspNonce: '__CSP_NONCE__' },
      build: {
        outDir: growing,
        emptyOutDir: true,
        target: 'es2023',
        // Data URLs would need a wider content security policy than we want.
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        reportCompressedSize: false,
        // One bundle for one small application: fewer round trips than code splitting would save.
        chunkSizeWarningLimit: 2_000,
      },
    })
    await writeFile(join(growing, STAMP), stamp)
    await swapIn(growing, outDir)
  } finally {
    await rm(growing, { recursive: true, force: true })
  }
  options.onProgress?.(`Console built in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  return true
}

async function swapIn(growing: string, outDir: string): Promise<void> {
  const old = `${outDir}-${process.pid}-old`
  await mkdir(outDir, { recursive: true })
  await rename(outDir, old)
  await rename(growing, outDir)
  await rm(old, { recursive: true, force: true })
}

async function digestOfSources(): Promise<string> {
  const digest = createHash('sha256')
  const files = [
    join(ROOT, 'index.html'),
    join(ROOT, 'build.ts'),
    join(ROOT, '../package-lock.json'),
    ...(await filesUnder(join(ROOT, 'src'))),
    ...(await filesUnder(join(ROOT, 'public'))),
  ]
  for (const file of files) {
    const content = await readFile(file)
    digest.update(`${relative(ROOT, file)}\0${content.length}\0`).update(content)
  }
  return digest.digest('hex')
}

async function filesUnder(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}
