import type { ActsSearch } from '../server/people-queries.ts'

const DAY = /^\d{4}-\d{2}-\d{2}$/

/** The filters of the address; a day that is none is left out. */
export function actsSearch(search: Record<string, unknown>): ActsSearch {
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)
  const day = (value: unknown) => (typeof value === 'string' && DAY.test(value) ? value : undefined)
  const [person, workflow, from, until] = [
    text(search.person),
    text(search.workflow),
    day(search.from),
    day(search.until),
  ]
  return { ...(person && { person }), ...(workflow && { workflow }), ...(from && { from }), ...(until && { until }) }
}
