/** Classes that a rule settles only while it is marked for them. Expected cases need no mark, and no mark is for an unknown. */
export const MARKED_CLASSES = ['risky', 'customer-facing', 'revenue-impacting'] as const
export type MarkedClass = (typeof MARKED_CLASSES)[number]

export function isMarkedClass(name: string): name is MarkedClass {
  return (MARKED_CLASSES as readonly string[]).includes(name)
}

/** Two people let a rule settle cases of this class, until it ends. */
export type Mark = {
  readonly id: number
  readonly rule: string
  readonly class: MarkedClass
  readonly endsAtMs: number
}

/** Who said it first: people, the files of the sandbox, or nobody, because the rule settled such cases before marks. */
export type MarkOrigin = 'people' | 'sandbox' | 'before-people'
