import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Stack } from '../src/cli/stack/stack.ts'
import { processUse } from './process-use.ts'

/** Runs `lanekeeper scan` as a user does, and measures its highest memory. */
export async function runScan(stack: Stack, out: string): Promise<{ seconds: number; rssMb: number; summary: string }> {
  const from = performance.now()
  const child = spawn(process.execPath, [fileURLToPath(new URL('../src/cli/scan.ts', import.meta.url)), '--out', out], {
    // `scan` finds the running service by its data directory and port.
    env: { ...process.env, DATA_DIR: stack.settings.dataDir, PORT: String(stack.settings.port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  let rssMb = 0
  const timer = setInterval(() => {
    rssMb = Math.max(rssMb, processUse(child.pid!)?.rssMb ?? 0)
  }, 100)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  clearInterval(timer)
  if (code !== 0) throw new Error(`scan ended with ${code}: ${said}`)
  return { seconds: (performance.now() - from) / 1_000, rssMb, summary: said.trim() }
}
