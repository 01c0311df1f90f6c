import { Badge, Button, Group, Paper, Stack } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ConnectionView } from '../../../src/api/connections/connection-types.ts'
import { accountNoun, crmName } from '../connect/crms.ts'
import { plural } from '../parts/format.ts'
import { Notice } from '../parts/notices.tsx'
import { OutLink } from '../parts/out-link.tsx'
import { BaselineProgress } from './baseline-progress.tsx'
import { ConnectionAccess } from './connection-access.tsx'
import { ConnectionFacts } from './connection-facts.tsx'
import { ConnectionNotices } from './connection-notices.tsx'
import { ConnectionSettings } from './connection-settings.tsx'
import { ConnectionWriting } from './connection-writing.tsx'
import { SyncStatus } from './sync-status.tsx'

/** Green only where Lanekeeper reads everything that it needs and may write. */
function statusOf({ status, baseline, writes, notices, unreadable }: ConnectionView): { text: string; color: string } {
  if (status === 'reconnect-needed') return { text: 'Reconnect needed', color: 'red.7' }
  if (status === 'disconnected') return { text: 'Disconnected', color: 'gray.6' }
  if (!baseline.done) return { text: 'Connected, importing', color: 'yellow.7' }
  const limits = [
    writes === null && 'read-only',
    unreadable.length > 0 && 'fields missing',
    notices.open.some(({ level }) => level !== 'info') && 'open issues',
  ].filter(Boolean)
  if (limits.length > 0) return { text: `Connected, ${limits.join(', ')}`, color: 'yellow.7' }
  return { text: 'Connected', color: 'green.7' }
}

/** One portal or org: its status, its changes, its permissions, its issues, and its settings. */
export function ConnectionCard({ connection }: { connection: ConnectionView }) {
  const id = `connection-${connection.id}`
  const { text, color } = statusOf(connection)
  const gone = connection.status === 'disconnected'
  const imported = connection.baseline.done
  return (
    <Paper component="section" className="connection" id={id} aria-labelledby={`${id}-title`}>
      <Stack gap="sm">
        <Group justify="space-between">
          <h2 id={`${id}-title`}>{connection.title}</h2>
          <Badge variant="dot" color={color} bd={0}>
            {text}
          </Badge>
        </Group>
        <Account connection={connection} />
        {connection.status === 'reconnect-needed' && <Reconnect connection={connection} />}
        {gone && <Ended connection={connection} />}
        {!gone && <BaselineProgress connection={connection} />}
        {!gone && imported && <ConnectionWriting connection={connection} />}
        {!gone && <ConnectionFacts connection={connection} />}
        {!gone && imported && <SyncStatus connectionId={connection.id} />}
        <ConnectionNotices notices={connection.notices} />
        {!gone && <ConnectionAccess connection={connection} />}
        <ConnectionSettings connection={connection} />
      </Stack>
    </Paper>
  )
}

function Account({ connection }: { connection: ConnectionView }) {
  const { crm, accountId, edition, actorName, users, url } = connection
  const facts = [
    `${crmName(crm)} ${accountNoun(crm)} ${accountId}`,
    edition,
    plural(users, 'active user'),
    actorName && `writes as ${actorName}`,
  ]
  return (
    <p className="quiet">
      {facts.filter(Boolean).join(', ')} <OutLink href={url}>Open in {crmName(crm)}</OutLink>
    </p>
  )
}

/** The form for new credentials, with the same kind of sign-in chosen. */
function againSearch({ crm, grantKind, id }: ConnectionView) {
  return { crm, again: id, ...(grantKind ? { kind: grantKind } : {}) }
}

function Reconnect({ connection }: { connection: ConnectionView }) {
  return (
    <Notice tone="stop" title={`${crmName(connection.crm)} revoked our access`}>
      <p>We keep receiving changes, but cannot read or write until you reconnect.</p>
      {connection.statusReason && <p>{connection.statusReason}</p>}
      {connection.madeBy === 'environment' ? (
        <p>The credentials come from server settings: change them there and restart Lanekeeper.</p>
      ) : (
        <Button
          mt="xs"
          renderRoot={(props) => <Link to="/connections/new" search={againSearch(connection)} {...props} />}
        >
          Reconnect
        </Button>
      )}
    </Notice>
  )
}

function Ended({ connection }: { connection: ConnectionView }) {
  return (
    <Notice>
      <p>Lanekeeper deleted its tokens and no longer reads or writes. The history is kept.</p>
      {connection.statusReason && <p className="quiet">{connection.statusReason}</p>}
      <Button
        mt="xs"
        variant="default"
        renderRoot={(props) => <Link to="/connections/new" search={againSearch(connection)} {...props} />}
      >
        Reconnect
      </Button>
    </Notice>
  )
}
