import { Alert, Button, Code, EmptyState as EmptyBox, Paper, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { ApiProblem, UnreachableError } from '../server/api.ts'

export type Tone = 'info' | 'warn' | 'stop'

const EDGES: Readonly<Record<Tone, string>> = {
  info: 'var(--fill)',
  warn: 'var(--class-risky-solid)',
  stop: 'var(--class-revenue-impacting-solid)',
}

type NoticeProps = {
  tone?: Tone | undefined
  title?: ReactNode
  /** Screen readers announce it at once. */
  isUrgent?: boolean
  children: ReactNode
}

/** One message: what happened and what to do. The color of its edge is its weight. */
export function Notice({ tone = 'info', title, isUrgent = false, children }: NoticeProps) {
  return (
    <Alert
      variant="default"
      role={isUrgent ? 'alert' : 'note'}
      className={`notice notice-${tone}`}
      style={{ borderLeft: `4px solid ${EDGES[tone]}` }}
    >
      <Stack gap={2} align="flex-start">
        {title && <Text fw={640}>{title}</Text>}
        {children}
      </Stack>
    </Alert>
  )
}

/** What went wrong and what to do, with the request id for support. */
export function ProblemNotice({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { title, detail, id } = describe(error)
  return (
    <Notice tone="stop" title={title} isUrgent>
      <p>{detail}</p>
      {onRetry && (
        <Button size="xs" variant="default" mt="xs" onClick={onRetry}>
          Try again
        </Button>
      )}
      {id && (
        <p className="quiet">
          Request <Code>{id}</Code>
        </p>
      )}
    </Notice>
  )
}

function describe(error: unknown): { title: string; detail: string; id?: string } {
  if (error instanceof ApiProblem) {
    const { title, detail, request_id } = error.problem
    return { title, detail, id: request_id }
  }
  if (error instanceof UnreachableError) {
    return {
      title: 'Cannot reach Lanekeeper',
      detail: 'It may be restarting. This page retries by itself, and the CRMs resend the changes Lanekeeper missed.',
    }
  }
  return { title: 'This page failed', detail: 'Reload it. If it fails again, see the browser console.' }
}

/** A page or list without content: why, and the next step. */
export function EmptyState({ title, action, children }: { title: string; action?: ReactNode; children: ReactNode }) {
  return (
    <Paper py="xl" mb="sm" style={{ borderStyle: 'dashed' }}>
      <EmptyBox title={title} description={children}>
        {action && <EmptyBox.Actions>{action}</EmptyBox.Actions>}
      </EmptyBox>
    </Paper>
  )
}
