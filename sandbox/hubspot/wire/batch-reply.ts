import type { ApiReply } from './api-request.ts'

/** 207 if an input failed; the others succeeded anyway. */
export function batchReply(
  fullStatus: 200 | 201,
  startedAtMs: number,
  results: readonly unknown[],
  errors: readonly unknown[],
): ApiReply {
  return {
    status: errors.length === 0 ? fullStatus : 207,
    json: {
      status: 'COMPLETE',
      results,
      ...(errors.length === 0 ? {} : { numErrors: errors.length, errors }),
      startedAt: new Date(startedAtMs).toISOString(),
      completedAt: new Date().toISOString(),
    },
  }
}
