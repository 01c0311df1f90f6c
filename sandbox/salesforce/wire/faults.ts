import { ROW_FAULTS } from '../org/row-fault.ts'

/** Faults on command; docs/sandbox.md describes each kind. */
export const FAULT_KINDS = [
  '429',
  'daily-limit',
  '500',
  '502',
  '503',
  'html',
  'truncated',
  'hang',
  'commit-then-hang',
  'commit-then-reset',
  'expired-token',
  'revoked',
  'missing-scope',
  ...ROW_FAULTS,
] as const

export type FaultKind = (typeof FAULT_KINDS)[number]

export type Fault = {
  readonly kind: FaultKind
  readonly method: string | null
  readonly path: string | null
  remaining: number
  readonly retryAfterS: number | null
  readonly delayMs: number
}

const DELAY_MS_DEFAULT = 30_000

/** Faults of a session or a row, which signing in does not use up. */
const DATA_ONLY: ReadonlySet<FaultKind> = new Set(['daily-limit', 'expired-token', 'missing-scope', ...ROW_FAULTS])
const WRITES_ONLY: ReadonlySet<FaultKind> = new Set(ROW_FAULTS)

export class Faults {
  private waiting: Fault[] = []

  add(raw: Readonly<Record<string, unknown>>): Fault {
    const kind = FAULT_KINDS.find((candidate) => candidate === String(raw.kind))
    if (!kind) throw new Error(`Unknown fault kind "${String(raw.kind)}"; known: ${FAULT_KINDS.join(', ')}`)
    const times = Number(raw.times ?? 1)
    if (!Number.isInteger(times) || times < 1) throw new Error('times must be a whole number above 0')
    const fault: Fault = {
      kind,
      method: typeof raw.method === 'string' ? raw.method.toUpperCase() : null,
      path: typeof raw.path === 'string' ? raw.path : null,
      // A revoked grant stays revoked until the faults are cleared.
      remaining: kind === 'revoked' ? Number.POSITIVE_INFINITY : times,
      retryAfterS: typeof raw.retryAfterS === 'number' ? raw.retryAfterS : null,
      delayMs: typeof raw.delayMs === 'number' ? raw.delayMs : DELAY_MS_DEFAULT,
    }
    this.waiting.push(fault)
    return fault
  }

  clear(): void {
    this.waiting = []
  }

  /** The fault for this request; uses up one of its times. */
  take(method: string, path: string): Fault | null {
    const fault = this.waiting.find(
      (candidate) =>
        candidate.kind !== 'revoked' &&
        !(DATA_ONLY.has(candidate.kind) && !path.startsWith('/services/data')) &&
        !(WRITES_ONLY.has(candidate.kind) && method === 'GET') &&
        (candidate.method === null || candidate.method === method) &&
        (candidate.path === null || path.startsWith(candidate.path)),
    )
    if (!fault) return null
    fault.remaining--
    if (fault.remaining <= 0) this.waiting = this.waiting.filter((candidate) => candidate !== fault)
    return fault
  }

  get count(): number {
    return this.waiting.length
  }
}
