export type Session = {
  readonly token: string
  readonly userId: string
  readonly clientId: string
  /** The family of the refresh token that came with it; revoking one revokes the other. */
  readonly family: string | null
  expiresAtMs: number
}
