import type { SecretPlace } from './secret-box.ts'

/** Every column in which something is sealed. Rotating keys goes through these and no others. */

export function credentialsOf(connectionId: string): SecretPlace {
  return { connectionId, table: 'connection', row: connectionId, column: 'credentials' }
}

export function tokensOf(connectionId: string): SecretPlace {
  return { connectionId, table: 'connection_token', row: connectionId, column: 'sealed' }
}

export function draftCredentialsOf(draftId: string): SecretPlace {
  return { connectionId: draftId, table: 'connection_draft', row: draftId, column: 'credentials' }
}

export function draftTokensOf(draftId: string): SecretPlace {
  return { connectionId: draftId, table: 'connection_draft', row: draftId, column: 'tokens' }
}

export function verifierOf(draftId: string, stateHash: Buffer): SecretPlace {
  return { connectionId: draftId, table: 'oauth_state', row: stateHash.toString('hex'), column: 'verifier' }
}
