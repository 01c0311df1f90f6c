import { createHash } from 'node:crypto'

/** How a secret of 128 random bits or more is kept: a copy of the database signs nobody in. */
export function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
