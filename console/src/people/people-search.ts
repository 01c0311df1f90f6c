/** What the address of the page asks for. */
export type PeopleSearch = {
  /** A job to answer: links of tasks and mails. */
  job?: string
  person?: string
  /** Only this workflow, with all of its jobs. */
  workflow?: string
  /** A job of it: "boundary", "review/senior". */
  place?: string
}

const NAMES = ['job', 'person', 'workflow', 'place'] as const

export function peopleSearch(search: Record<string, unknown>): PeopleSearch {
  const known: PeopleSearch = {}
  for (const name of NAMES) {
    const value = search[name]
    if (typeof value === 'string' && value !== '') known[name] = value
    if (typeof value === 'number') known[name] = String(value)
  }
  return known
}

export function placeName({ lane, circle }: { readonly lane: string; readonly circle: string | null }): string {
  return circle === null ? lane : `${lane}/${circle}`
}
