import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { isLoopback } from '../../allowed-hosts.ts'

/**
 * How far ahead an assertion may be valid is not published as an enforced number; clients in the field send 3 to 5
 * minutes, and it is used within seconds.
 */
const ASSERTION_LIFETIME_S = 180

/** Throws with a sentence for the admin when the key cannot be used. */
export function readSigningKey(pem: string): KeyObject {
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch {
    // Not the parser's words: they may quote the key.
    throw new TypeError('The private key is not a PEM that can be read; paste the whole file, from BEGIN to END.')
  }
  if (key.asymmetricKeyType !== 'rsa') {
    throw new TypeError(`The private key is of type ${key.asymmetricKeyType}; Salesforce takes RSA keys only.`)
  }
  return key
}

/** RFC 7523, signed RS256: "this app asks for a session of this user", good for three minutes at one audience. */
export function jwtAssertion(
  grant: { readonly clientId: string; readonly username: string; readonly key: KeyObject },
  audience: string,
  nowMs: number,
): string {
  const expiresAtS = Math.floor(nowMs / 1_000) + ASSERTION_LIFETIME_S
  const claims = { iss: grant.clientId, sub: grant.username, aud: audience, exp: expiresAtS }
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'RS256' })}.${part(claims)}`
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), grant.key).toString('base64url')}`
}

/**
 * Which audiences to try, in order. The request goes to My Domain, but the audience is the authorization server that
 * stands behind it: `login.salesforce.com`, or `test.salesforce.com` for sandboxes and scratch orgs (vendor's page, and
 * every client in the field; "audience is invalid" otherwise). Our contract sheet says "the login URL", so that is the
 * second try: which of the two a My Domain accepts was not tried on a live org.
 */
export function audiencesOf(loginUrl: string): readonly string[] {
  const { hostname, origin } = new URL(loginUrl)
  if (isLoopback(hostname) || !/\.my\.salesforce\.(?:com|mil)$/.test(hostname)) return [origin]
  const testing = /\.(?:sandbox|scratch)\.my\.|--[^.]+\.my\./.test(hostname)
  return [testing ? 'https://test.salesforce.com' : 'https://login.salesforce.com', origin]
}
