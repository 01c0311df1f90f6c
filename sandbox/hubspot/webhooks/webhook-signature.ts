import { createHash, createHmac } from 'node:crypto'

/** HubSpot decodes exactly these before it signs; others, such as `%20`, stay encoded. */
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

export function decodeSignedUri(uri: string): string {
  return uri.replace(/%[0-9A-Fa-f]{2}/g, (code) => DECODED[code.toUpperCase()] ?? code)
}

export function signatureV3(secret: string, method: string, uri: string, body: Buffer, timestamp: string): string {
  return createHmac('sha256', secret)
    .update(method + decodeSignedUri(uri))
    .update(body)
    .update(timestamp)
    .digest('base64')
}

export function signatureV1(secret: string, body: Buffer): string {
  return createHash('sha256').update(secret).update(body).digest('hex')
}
