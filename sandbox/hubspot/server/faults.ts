const FAULT_KINDS = [
  '423',
  '429',
  '477',
  '500',
  '502',
  '503',
  '504',
  'daily-limit',
  'html',
  'truncated',
  'hang',
  'commit-then-hang',
  'commit-then-reset',
  'commit-then-502',
  'expired-token',
  'revoked',
  'missing-scope',
] as const

type FaultKind = (typeof FAULT_KINDS)[number]

export type Fault = {
  readonly kind: FaultKind
  readonly method: string | null
  /** Prefix of the request's path. */
  readonly path: string
  readonly retryAfterS: number | null
  readonly delayMs: number
  left: number
}

/** These faults need an access token, so they skip calls without one. */
const NEEDS_A_TOKEN = new Set<FaultKind>(['expired-token', 'missing-scope'])

/** Faults on command. A request uses up the first fault that matches it. */
export class FaultPlan {
  #faults: Fault[] = []

  add(input: Readonly<Record<string, unknown>>): void {
    const kind = input.kind as FaultKind
    if (!FAULT_KINDS.includes(kind)) {
      throw new Error(`There is no fault "${String(input.kind)}". Known: ${FAULT_KINDS.join(', ')}`)
    }
    this.#faults.push({
      kind,
      method: typeof input.method === 'string' ? input.method.toUpperCase() : null,
      path: typeof input.path === 'string' ? input.path : '/',
      retryAfterS: typeof input.retryAfterS === 'number' ? input.retryAfterS : null,
      delayMs: typeof input.delayMs === 'number' ? input.delayMs : 30_000,
      left: typeof input.times === 'number' ? input.times : 1,
    })
  }

  clear(): void {
    this.#faults = []
  }

  /** A revoked grant stays revoked until the plan is cleared; other faults end after their count. */
  take(method: string, path: string): Fault | undefined {
    const fault = this.#faults.find(
      (candidate) =>
        (candidate.method === null || candidate.method === method) &&
        path.startsWith(candidate.path) &&
        !(NEEDS_A_TOKEN.has(candidate.kind) && path.startsWith('/oauth/')),
    )
    if (fault === undefined || fault.kind === 'revoked') return fault
    fault.left -= 1
    if (fault.left <= 0) this.#faults = this.#faults.filter((other) => other !== fault)
    return fault
  }
}
