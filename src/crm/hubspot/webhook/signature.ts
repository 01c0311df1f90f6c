import { createHmac, timingSafeEqual } from 'node:crypto'

// HubSpot's own limit for replay protection; its deliveries carry the time of each attempt.
const TIMESTAMP_AGE_MAX_MS = 300_000

export type SignatureCheck = {
  readonly method: string
  /** The URL that HubSpot was told to call, as configured: behind a proxy the request no longer knows it. */
  readonly url: string
  /** The bytes as received: parsing and printing again changes them. */
  readonly rawBody: Buffer
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** The app's client secret; during a rotation the old and the new one. */
  readonly secrets: readonly string[]
  readonly nowMs: number
}

/**
 * Signature v3, the only one that protects against replay; v1 and v2 headers come along and are ignored.
 * Exactly five minutes old passes, as in HubSpot's own check; five minutes ahead is refused, which HubSpot's misses.
 */
export function verifySignature(check: SignatureCheck): 'ok' | 'bad-signature' | 'stale' | 'malformed' {
  const signature = header(check.headers, 'x-hubspot-signature-v3')
  const timestamp = header(check.headers, 'x-hubspot-request-timestamp')
  if (signature === undefined || timestamp === undefined || !/^\d{1,15}$/.test(timestamp)) return 'malformed'
  // Some proxies turn the "+" of base64 into a space; a space has no meaning of its own there.
  const base64 = signature.replaceAll(' ', '+')
  if (!/^[A-Za-z0-9+/]{43}=$/.test(base64)) return 'malformed'
  if (Math.abs(check.nowMs - Number(timestamp)) > TIMESTAMP_AGE_MAX_MS) return 'stale'

  const given = Buffer.from(base64, 'base64')
  let ok = false
  for (const secret of check.secrets) {
    if (secret === '') continue
    const expected = createHmac('sha256', secret)
      .update(check.method.toUpperCase() + decodedUri(check.url))
      .update(check.rawBody)
      .update(timestamp)
      .digest()
    // Every secret is tried, so the time taken does not tell which one fits.
    if (timingSafeEqual(expected, given)) ok = true
  }
  return ok ? 'ok' : 'bad-signature'
}

/** The twelve escapes that HubSpot decodes before it signs, and no others: `%20` and `%26` stay. */
const DECODED: Readonly<Record<string, string>> = {
  '%3A': ':',
  '%2F': '/',
  '%3F': '?',
  '%40': '@',
  '%21': '!',
  '%24': '$',
  '%27': "'",
  '%28': '(',
  '%29': ')',
  '%2A': '*',
  '%2C': ',',
  '%3B': ';',
}

function decodedUri(url: string): string {
  return url.replace(/%[0-9a-f]{2}/gi, (code) => DECODED[code.toUpperCase()] ?? code)
}

function header(headers: SignatureCheck['headers'], name: string): string | undefined {
  const value = headers[name]
  // Sent twice it is not HubSpot's.
  return typeof value === 'string' ? value.trim() : undefined
}
