import { randomBytes } from 'node:crypto'

/** 256 bits as URL-safe text of 43 characters; RFC 7636 asks for 43 to 128. */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url')
}
