import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply } from 'fastify'

/** In `index.html` where the build leaves room for this answer's nonce. */
const NONCE_PLACEHOLDER = '__CSP_NONCE__'

/** The built console. Its pages hold no data, so they are served without a session; the API behind them is not. */
export function installConsoleFiles(app: FastifyInstance, consoleDir: string): void {
  app.register(fastifyStatic, {
    root: join(consoleDir, 'assets'),
    prefix: '/assets/',
    // Names carry a digest of the content.
    immutable: true,
    maxAge: '1y',
    index: false,
    serveDotFiles: false,
  })

  async function sendPage(reply: FastifyReply): Promise<FastifyReply> {
    const file = join(consoleDir, 'index.html')
    if (!existsSync(file)) {
      return reply
        .code(503)
        .type('text/plain; charset=utf-8')
        .send('The console is not built yet. Start Lanekeeper with "npm start", which builds it.')
    }
    const html = await readFile(file, 'utf8')
    return reply
      .type('text/html; charset=utf-8')
      .header('cache-control', 'no-store')
      .send(html.replaceAll(NONCE_PLACEHOLDER, reply.cspNonce.style))
  }
  for (const path of [
    '/',
    '/sign-in',
    '/cases',
    '/cases/:id',
    '/workflows',
    '/connections',
    '/connections/new',
    '/connections/new/:id',
  ]) {
    app.get(path, { schema: { hide: true } }, (_request, reply) => sendPage(reply))
  }
}
