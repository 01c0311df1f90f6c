import { createHmac } from 'node:crypto'
import type { DecidedException } from '../../model/decision/decided-exception.ts'

/**
 * Equal as long as the case rests on the same. Keyed, because a bare hash of an e-mail is found by trying. Null: something of
 * it was not read yet.
 */
export function evidenceKey({ evidence }: DecidedException, secret: Buffer): string | null {
  return evidence === null ? null : createHmac('sha256', secret).update(evidence).digest('base64url')
}
