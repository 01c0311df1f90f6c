import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { decodeJwt, importJWK, type JWTPayload, SignJWT } from 'jose'
import Provider from 'oidc-provider'

export type Account = { readonly email?: string; readonly email_verified?: boolean }

/** A real identity provider over HTTP on this machine, with people whom the test names, which can be told to lie. */
export type IdentityProvider = {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** By subject. */
  readonly accounts: Map<string, Account>
  /** Who signs in next. */
  account: string
  /** Changes what the next ID tokens say, signed with the provider's own key. */
  tamper: ((claims: JWTPayload) => JWTPayload) | null
  /** Signs the next ID tokens with a key that nobody knows. */
  foreignKey: boolean
  /** How many codes it was asked to redeem. */
  redeemed: number
  /** Follows a browser that was sent to `url`; answers the address at which the product gets it back. */
  visit(url: string): Promise<string>
  close(): Promise<void>
}

export async function startIdentityProvider(redirectUri: string): Promise<IdentityProvider> {
  const key = jwkOf()
  const foreign = { ...jwkOf(), kid: key.kid }
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  const [clientId, clientSecret] = ['lanekeeper', randomBytes(16).toString('hex')]
  const idp: IdentityProvider = {
    issuer,
    clientId,
    clientSecret,
    accounts: new Map(),
    account: '',
    tamper: null,
    foreignKey: false,
    redeemed: 0,
    visit,
    close: () => closed(server),
  }
  const provider = new Provider(issuer, {
    clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri] }],
    jwks: { keys: [key] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true },
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    findAccount: (_: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, ...idp.accounts.get(id) }),
    }),
    // Nobody is asked for consent: the company has given it for them.
    async loadExistingGrant(context: { oidc: { session: { accountId: string }; client: { clientId: string } } }) {
      const { session, client } = context.oidc
      const grant = new provider.Grant({ accountId: session.accountId, clientId: client.clientId })
      grant.addOIDCScope('openid email profile')
      await grant.save()
      return grant
    },
  })
  const answer = provider.callback()
  server.on('request', (request, response) => {
    if (request.url?.startsWith('/interaction/')) {
      void provider.interactionFinished(request, response, { login: { accountId: idp.account } })
      return
    }
    if (request.url === '/token') {
      idp.redeemed += 1
      const end = response.end.bind(response) as (body?: unknown) => typeof response
      response.end = ((body?: unknown) => {
        void changed(String(body ?? ''), idp, idp.foreignKey ? foreign : key).then((text) => {
          response.setHeader('content-length', Buffer.byteLength(text))
          end(text)
        })
        return response
      }) as typeof response.end
    }
    answer(request, response)
  })
  return idp
}

/** What the test's token says instead. */
async function changed(body: string, idp: IdentityProvider, key: ReturnType<typeof jwkOf>): Promise<string> {
  const { tamper, foreignKey } = idp
  const tokens = JSON.parse(body) as { id_token?: string }
  if (tokens.id_token === undefined || (tamper === null && !foreignKey)) return body
  const claims = decodeJwt(tokens.id_token)
  const signed = new SignJWT(tamper?.(claims) ?? claims).setProtectedHeader({ alg: 'RS256', kid: key.kid })
  return JSON.stringify({ ...tokens, id_token: await signed.sign(await importJWK(key, 'RS256')) })
}

function jwkOf() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { ...privateKey.export({ format: 'jwk' }), kid: 'test', use: 'sig', alg: 'RS256' } as const
}

const REDIRECTS_MAX = 10

/** As a browser that keeps the provider's cookies for this one visit. */
async function visit(url: string): Promise<string> {
  const { origin } = new URL(url)
  const cookies = new Map<string, string>()
  let next = url
  for (let n = 0; n < REDIRECTS_MAX; n += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(next, { redirect: 'manual', headers: { cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (name !== undefined && value !== undefined) cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (location === null) throw new Error(`The provider answered ${response.status}: ${await response.text()}`)
    next = new URL(location, next).href
    if (new URL(next).origin !== origin) return next
  }
  throw new Error('The provider redirects without end')
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
