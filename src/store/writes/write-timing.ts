/** How long what lasts that keeps two processes from writing the same. Settings, so that a proof can shorten them. */
export type WriteTiming = {
  /** How long the gate's word is good, from before it was asked. */
  readonly grantMs: number
  /** From the first byte of a write to the last of its answer. */
  readonly deadlineMs: number
  /** Over which the CRM has surely ended its work on a request that left within its grant. */
  readonly marginMs: number
  /** A process that gives no sign of life for this long is taken for dead. */
  readonly deadAfterMs: number
}

export const SHIPPED_TIMING: WriteTiming = {
  grantMs: 2_000,
  deadlineMs: 20_000,
  marginMs: 5_000,
  deadAfterMs: 8_000,
}

/** After a grant: until then its answer may come, or the CRM may still be at work. Nobody reads back before. */
export function answeredWithinMs({ grantMs, deadlineMs, marginMs }: WriteTiming): number {
  return grantMs + deadlineMs + marginMs
}
