export type Session = {
  readonly token: string
  readonly userId: string
  readonly clientId: string
  /** The refresh token's family that it came with; revoking one takes the other along. */
  readonly family: string | null
  expiresAtMs: number
}
