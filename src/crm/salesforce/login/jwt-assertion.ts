import { createPrivateKey, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose/jwt/sign'
import { isLoopback } from '../../allowed-hosts.ts'

/**
 * Salesforce publishes no limit that it enforces. Clients in the field send 3 to 5 minutes, and the assertion is used
 * within seconds.
 */
const ASSERTION_LIFETIME_S = 180

/** RS256 takes no shorter key (RFC 7518, 3.3). */
const KEY_BITS_MIN = 2_048

/** Throws with a sentence for the admin when the key cannot be used. */
export function readSigningKey(pem: string): KeyObject {
  let key: KeyObject
  try {
    // Reads PKCS#1 as well, which older openssl commands write and jose does not import.
    key = createPrivateKey(pem)
  } catch {
    // The parser's own message may quote the key.
    throw new TypeError('The private key is not a PEM that can be read; paste the whole file, from BEGIN to END.')
  }
  if (key.asymmetricKeyType !== 'rsa') {
    throw new TypeError(`The private key is of type ${key.asymmetricKeyType}; Salesforce takes RSA keys only.`)
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  if (bits < KEY_BITS_MIN) {
    throw new TypeError(`The private key has ${bits} bits; make one of ${KEY_BITS_MIN} bits or more.`)
  }
  return key
}

/** RFC 7523, signed RS256: "this app asks for a session of this user", valid for three minutes at one audience. */
export function jwtAssertion(
  grant: { readonly clientId: string; readonly username: string; readonly key: KeyObject },
  audience: string,
  nowMs: number,
): Promise<string> {
  return new SignJWT({
    iss: grant.clientId,
    sub: grant.username,
    aud: audience,
    exp: Math.floor(nowMs / 1_000) + ASSERTION_LIFETIME_S,
  })
    .setProtectedHeader({ alg: 'RS256' })
    .sign(grant.key)
}

/**
 * Which audiences to try, in order. The request goes to My Domain, but the audience is the authorization server behind it:
 * `login.salesforce.com`, or `test.salesforce.com` for sandboxes and scratch orgs (vendor's page, and every client in the
 * field; "audience is invalid" otherwise). Our contract sheet names the login URL, so that is the second try. Which of the
 * two a My Domain accepts was not tried on a live org.
 */
export function audiencesOf(loginUrl: string): readonly string[] {
  const { hostname, origin } = new URL(loginUrl)
  if (isLoopback(hostname) || !/\.my\.salesforce\.(?:com|mil)$/.test(hostname)) return [origin]
  const testing = /\.(?:sandbox|scratch)\.my\.|--[^.]+\.my\./.test(hostname)
  return [testing ? 'https://test.salesforce.com' : 'https://login.salesforce.com', origin]
}
