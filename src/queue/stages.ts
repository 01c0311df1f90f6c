/** The stages that can be woken. `receive` is not among them: it runs where the events arrive. */
export const STAGES = ['apply', 'refresh', 'decide', 'act', 'verify', 'poll'] as const

export type Stage = (typeof STAGES)[number]

/** Everything a job carries. Data would be stale by the time it is read; rows are not. */
export type Wake = { readonly stage: Stage; readonly connectionId: string }
