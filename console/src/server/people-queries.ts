import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { ActsReply } from '../../../src/api/acts/acts-types.ts'
import type { CastReply } from '../../../src/api/people/cast-types.ts'
import type { PeopleReply, UsersReply } from '../../../src/api/people/people-types.ts'
import { call } from './api.ts'

export const peopleQuery = queryOptions({
  queryKey: ['console', 'people'],
  queryFn: ({ signal }) => call<PeopleReply>('/api/console/people', { signal }),
})

/** Worked out from every user of the CRMs, so it is read when somebody looks and after each act, not by itself. */
export function castQuery(workflow: string) {
  return queryOptions({
    queryKey: ['console', 'cast', workflow],
    queryFn: ({ signal }) => call<CastReply>(`/api/console/people/cast/${encodeURIComponent(workflow)}`, { signal }),
    refetchInterval: false,
  })
}

/** Users of the CRMs who can be invited, by what is typed. */
export function usersQuery(q: string) {
  return queryOptions({
    queryKey: ['console', 'users', q],
    queryFn: ({ signal }) => call<UsersReply>(`/api/console/people/users?${new URLSearchParams({ q })}`, { signal }),
    placeholderData: keepPreviousData,
    refetchInterval: false,
  })
}

/** The filters of the page Who did what; an absent one means any. Days are those of the reader. */
export type ActsSearch = { person?: string; workflow?: string; from?: string; until?: string }

export function actsParams({ person, workflow, from, until }: ActsSearch): URLSearchParams {
  const params = new URLSearchParams()
  if (person) params.set('person', person)
  if (workflow) params.set('workflow', workflow)
  if (from) params.set('from', new Date(`${from}T00:00`).toISOString())
  if (until) {
    const end = new Date(`${until}T00:00`)
    end.setDate(end.getDate() + 1)
    params.set('until', end.toISOString())
  }
  return params
}

export function actsQuery(search: ActsSearch) {
  return {
    queryKey: ['console', 'acts', search] as const,
    queryFn: ({ pageParam, signal }: { pageParam: string | null; signal: AbortSignal }) => {
      const params = actsParams(search)
      if (pageParam !== null) params.set('before', pageParam)
      return call<ActsReply>(`/api/console/acts?${params}`, { signal })
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page: ActsReply) => page.next,
    placeholderData: keepPreviousData,
  }
}
