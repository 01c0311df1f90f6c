import type { FastifyInstance } from 'fastify'
import { ProblemError } from './problem.ts'

/** Names of this machine itself. A page elsewhere cannot make a browser send one of these by DNS rebinding. */
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

/**
 * Refuses requests that name a host we are not (DNS rebinding), and state changes that a page of another origin asked
 * a signed-in browser to make. Webhooks come from servers: they carry no Origin and prove themselves by signature.
 */
export function installSameOrigin(
  app: FastifyInstance,
  options: { publicUrl: string; extraHosts?: readonly string[] },
): void {
  const own = new URL(options.publicUrl)
  const hosts = new Set([own.hostname, ...(options.extraHosts ?? []), ...LOOPBACK])

  app.addHook('onRequest', async (request) => {
    // Probes of an orchestrator come by address; they read nothing worth rebinding for.
    if (/^\/(livez|readyz|startupz)$/.test(request.url)) return
    // Comes under whatever address an admin gave the CRM, a tunnel's say, and is believed by its signature alone.
    if (/^\/webhooks\/[a-z0-9-]+$/.test(request.url)) return
    const host = hostnameOf(request.headers.host)
    if (host === null || !hosts.has(host)) {
      throw new ProblemError(
        'host-refused',
        421,
        'This service does not answer under that host name. Set LANEKEEPER_PUBLIC_URL to the address people use.',
      )
    }
    if (request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS') return
    const origin = request.headers.origin
    const ours = origin === undefined ? undefined : isOurs(origin, own, request.headers.host!)
    // Without Origin a browser still says where a request came from; a server says neither.
    const site = request.headers['sec-fetch-site']
    const foreign = ours === false || (origin === undefined && site !== undefined && site !== 'same-origin')
    // The session cookie is the only thing worth forging, so its presence demands an Origin.
    const needed = request.url.startsWith('/api/')
    if (foreign || (needed && ours !== true)) {
      throw new ProblemError('origin-refused', 403, 'State can be changed only from the console itself.')
    }
  })
}

function isOurs(origin: string, own: URL, host: string): boolean {
  // Behind a proxy the public URL counts; reached directly, the address in the bar does (it passed the host check).
  return origin === own.origin || origin === `${own.protocol}//${host}` || origin === `http://${host}`
}

function hostnameOf(host: string | undefined): string | null {
  if (!host || !URL.canParse(`http://${host}`)) return null
  return new URL(`http://${host}`).hostname
}
