import { Button } from '@mantine/core'
import { useState } from 'react'
import type { ConnectionView } from '../../../src/api/connections/connection-types.ts'
import { hasClientSecret } from '../connect/crms.ts'
import { ClientSecret } from './client-secret.tsx'
import { ConnectionLimits } from './connection-limits.tsx'
import { DisconnectDialog } from './disconnect-dialog.tsx'

/** What an admin can change about a connection. */
export function ConnectionSettings({ connection }: { connection: ConnectionView }) {
  const [isEnding, setEnding] = useState(false)
  const gone = connection.status === 'disconnected'
  return (
    <>
      {!gone && (
        <details className="fold">
          <summary>API limits and client secret</summary>
          {connection.budget && <ConnectionLimits connection={connection} budget={connection.budget} />}
          {hasClientSecret(connection.grantKind) && connection.madeBy !== 'environment' && (
            <ClientSecret connection={connection} />
          )}
          {connection.madeBy === 'environment' && (
            <p className="quiet">The credentials come from server settings. Change them there.</p>
          )}
        </details>
      )}
      <div className="fold">
        <Button size="xs" variant="default" onClick={() => setEnding(true)}>
          {gone ? 'Erase history' : 'Disconnect'}
        </Button>
      </div>
      <DisconnectDialog connection={connection} opened={isEnding} onClose={() => setEnding(false)} />
    </>
  )
}
