/** How long a mark stands: a year at the most, so that somebody looks at each rule again. */
export const MARK_DAYS = { most: 365, usual: 180 } as const

/** Before the end of a mark the boundary owner is told, in days. */
export const MARK_NOTICE_DAYS = [14, 3] as const
