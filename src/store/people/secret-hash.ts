import { createHash, createHmac } from 'node:crypto'

/** How a secret of 128 random bits or more is kept: a copy of the database signs nobody in. */
export function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

/** How a short code is kept: without the key, which only the browser has, eight digits are not found by trying. */
export function keyedHashOf(key: string, code: string): Buffer {
  return createHmac('sha256', key).update(code).digest()
}
