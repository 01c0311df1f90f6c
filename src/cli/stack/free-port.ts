import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export async function freePort(host: string): Promise<number> {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address === 'object' && address) return address.port
  throw new Error('the system gave no port')
}

/** Null: the port can be listened on. Otherwise why not, the system's code. */
async function portProblem(port: number, host: string): Promise<string | null> {
  const server = createServer()
  try {
    server.listen(port, host)
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
    return null
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
}

/** Waits a little for whoever is just leaving: the children of a parent that was killed need a moment to notice. */
export async function claimPort(port: number, host: string, waitMs: number): Promise<void> {
  for (const until = performance.now() + waitMs; ; await delay(100)) {
    const problem = await portProblem(port, host)
    if (problem === null) return
    if (problem === 'EADDRINUSE' && performance.now() < until) continue
    if (problem === 'EADDRINUSE') {
      throw new Error(`Port ${port} is taken by another program. Stop that one, or start with PORT=${port + 1}`)
    }
    if (problem === 'EACCES') throw new Error(`Port ${port} needs more rights than this user has. Start with PORT=4000`)
    throw new Error(`Cannot listen on ${host}:${port} (${problem}). Set HOST to an address of this machine`)
  }
}
