import { Button, Code } from '@mantine/core'
import type { ReactNode } from 'react'
import { ApiProblem, UnreachableError } from '../server/api.ts'

/** What went wrong and what to do, never a code alone. */
export function ProblemNotice({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const said = words(error)
  return (
    <div className="notice notice-stop" role="alert">
      <p className="notice-title">{said.title}</p>
      <p>{said.detail}</p>
      {onRetry && (
        <Button size="xs" variant="default" mt="xs" onClick={onRetry}>
          Try again
        </Button>
      )}
      {said.id && (
        <p className="quiet">
          Request <Code>{said.id}</Code>
        </p>
      )}
    </div>
  )
}

function words(error: unknown): { title: string; detail: string; id?: string } {
  if (error instanceof ApiProblem) {
    const { title, detail, request_id } = error.problem
    return { title, detail, id: request_id }
  }
  if (error instanceof UnreachableError) {
    return {
      title: 'Lanekeeper does not answer',
      detail:
        'It may be restarting. This page tries again by itself; events sent by the CRMs meanwhile are delivered again.',
    }
  }
  return { title: 'This page has a fault', detail: 'Reload it. If that does not help, the browser console says more.' }
}

export function EmptyState({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      <div>{children}</div>
    </div>
  )
}
