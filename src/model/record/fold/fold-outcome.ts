/** `applied` changed what we know; `no-change` repeated it; `superseded` was older than what we know. */
export type FoldOutcome = 'applied' | 'no-change' | 'superseded'
