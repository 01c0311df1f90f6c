import { Button, Group, Loader, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { EmptyState, ProblemNotice } from '../parts/notices.tsx'
import { connectionsQuery } from '../server/api.ts'
import { ConnectionCard } from './connection-card.tsx'
import { UnfinishedConnections } from './unfinished-connections.tsx'

export function ConnectionsPage() {
  const { data, error, refetch } = useQuery(connectionsQuery)
  const connect = <Button renderRoot={(props) => <Link to="/connections/new" {...props} />}>Connect a CRM</Button>
  return (
    <>
      <Group justify="space-between" mb={14}>
        <h1 className="flush">Connections</h1>
        {data && data.connections.length > 0 && connect}
      </Group>
      {error && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Loader className="boot" aria-label="Loading connections" />}
      {data?.connections.length === 0 && (
        <EmptyState title="No CRM connected yet" action={connect}>
          It takes about ten minutes and admin rights. Connecting writes nothing to the CRM.
        </EmptyState>
      )}
      <UnfinishedConnections />
      <Stack gap={14}>
        {data?.connections.map((connection) => (
          <ConnectionCard key={connection.id} connection={connection} />
        ))}
      </Stack>
    </>
  )
}
