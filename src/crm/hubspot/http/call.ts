import type { GatedBody } from '../../write-gate.ts'

export type HubSpotCall = {
  readonly kind: 'read' | 'write' | 'search'
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH'
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Instead of a body: its parts, of which the gate says which may leave. */
  readonly gated?: GatedBody | undefined
  /** Finishes the sentence "Cannot ..." in errors. */
  readonly attempt: string
  /** A write that may be sent twice, such as a link that already exists. After a lost answer it is retried like a read. */
  readonly repeatable?: boolean
}

export type HubSpotAnswer = { readonly status: number; readonly body: Record<string, unknown> }

export type HubSpotHttp = (call: HubSpotCall) => Promise<HubSpotAnswer>
