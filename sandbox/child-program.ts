import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export type ChildProgram = {
  readonly title: string
  /** This CRM's part of the JSON object in docs/sandbox.md. */
  readonly announced: Promise<Record<string, unknown>>
  /** Resolves when the program has ended, for any reason. */
  readonly ended: Promise<void>
  /** Sends SIGTERM, and SIGKILL after `graceMs`. */
  stop(graceMs: number): Promise<void>
}

/**
 * Starts one of the two CRMs. This process holds the other end of its standard input: when it dies, even by kill -9,
 * the pipe closes and the program ends.
 */
export function startChildProgram(title: string, file: string, args: readonly string[]): ChildProgram {
  const child: ChildProcess = spawn(process.execPath, [file, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  let complaint = ''
  child.stderr!.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-4000)
    process.stderr.write(chunk)
  })
  // The program may end before it reads anything.
  child.stdin!.on('error', () => {})
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const announced = new Promise<Record<string, unknown>>((resolve, reject) => {
    const lines = createInterface({ input: child.stdout! })
    lines.once('line', (line) => {
      try {
        resolve(JSON.parse(line) as Record<string, unknown>)
      } catch (cause) {
        reject(new Error(`${title} announced itself with something that is not JSON: ${line.slice(0, 200)}`, { cause }))
      }
    })
    void ended.then(() =>
      reject(new Error(`${title} ended before it was up${complaint === '' ? '' : `: ${complaint.trim()}`}`)),
    )
  })
  async function stop(graceMs: number): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
    await ended
    clearTimeout(timer)
  }
  return { title, announced, ended, stop }
}
