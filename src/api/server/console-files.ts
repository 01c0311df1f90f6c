import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply } from 'fastify'

/** The build leaves this in `index.html`, in place of the nonce of each answer. */
const NONCE_PLACEHOLDER = '__CSP_NONCE__'

/** The built console. Its pages hold no data and need no session; the API behind them does. */
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

  for (const path of [
    '/',
    '/overview',
    '/sign-in',
    '/cases',
    '/cases/:id',
    '/workflows',
    '/workflows/:workflow',
    '/people',
    '/acts',
    '/control',
    '/changes',
    '/upgrades',
    '/sessions',
    '/connections',
    '/connections/new',
    '/connections/new/:id',
  ]) {
    app.get(path, { schema: { hide: true } }, (_request, reply) => sendPage(reply, consoleDir))
  }
}

/** A browser that opens an unknown address gets the console, which says so and leads to the overview. The API keeps JSON. */
export function installPageNotFound(app: FastifyInstance, consoleDir: string): void {
  app.addHook('preHandler', async (request, reply) => {
    const isPage = request.method === 'GET' && !/^\/(api|assets|webhooks|oauth)\//.test(request.url)
    if (!request.is404 || !isPage || !request.headers.accept?.includes('text/html')) return
    return sendPage(reply.code(404), consoleDir)
  })
}

async function sendPage(reply: FastifyReply, consoleDir: string): Promise<FastifyReply> {
  const file = join(consoleDir, 'index.html')
  if (!existsSync(file)) {
    return reply
      .code(503)
      .type('text/plain; charset=utf-8')
      .send('The console is not built yet. "npm start" builds it and starts Lanekeeper.')
  }
  const html = await readFile(file, 'utf8')
  return reply
    .type('text/html; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(html.replaceAll(NONCE_PLACEHOLDER, reply.cspNonce.style))
}
