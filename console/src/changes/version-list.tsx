import { Button, Group, Paper, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { DraftReply, VersionView } from '../../../src/api/changes/change-types.ts'
import { Dialog, DialogActions } from '../parts/dialog.tsx'
import { exact } from '../parts/format.ts'
import { queryClient, send } from '../server/api.ts'
import { ChangeList } from './change-list.tsx'

/** What came into force when, the newest first, and the way back. */
export function VersionList({ versions, sequence }: { versions: readonly VersionView[]; sequence: number }) {
  return (
    <Paper component="section" aria-labelledby="versions">
      <Text renderRoot={(props) => <h2 {...props} />} id="versions" fz={16} fw={640}>
        Versions
      </Text>
      <p className="quiet">Version {sequence} is in force.</p>
      <Stack gap={0}>
        {versions.map((version) => (
          <Version key={`${version.seq} ${version.document}`} version={version} />
        ))}
      </Stack>
    </Paper>
  )
}

const HOW = {
  seeded: 'came with the sandbox',
  'before-publishing': 'in force before people published',
  published: 'published',
  narrowed: 'narrowed',
  'way-back': 'back to the version before',
  ended: 'ended: an example of the sandbox',
} as const

/** One of them: who wrote and approved it, when and how, and what it changed. */
export function Version({ version }: { version: VersionView }) {
  const { seq, title, how, inForceAt, isInForce, canGoBack, authors, approvedBy, changes } = version
  const names = (people: VersionView['approvedBy']) => people.map(({ name }) => name).join(' and ')
  return (
    <div className="version">
      <Group justify="space-between" gap={8}>
        <div>
          <strong>
            Version {seq}: {title}
          </strong>{' '}
          <span className="quiet">
            {HOW[how]}, {exact(inForceAt)}
            {isInForce ? ', in force' : ''}
          </span>
          {approvedBy.length > 0 && (
            <div className="quiet">
              {authors === null ? 'From a file' : `Written by ${names(authors)}`}, approved by {names(approvedBy)}
            </div>
          )}
        </div>
        {canGoBack && <WayBack version={version} />}
      </Group>
      {changes !== null && (
        <details>
          <summary>What changed</summary>
          <ChangeList changes={changes} />
        </details>
      )}
    </div>
  )
}

function WayBack({ version: { document, title } }: { version: VersionView }) {
  const [isAsking, setAsking] = useState(false)
  const back = useMutation({
    mutationFn: () => send<DraftReply>('/api/console/changes/way-back', { document }),
    onSuccess: async () => {
      setAsking(false)
      await queryClient.invalidateQueries({ queryKey: ['console'] })
    },
  })
  return (
    <>
      <Button size="xs" variant="default" onClick={() => setAsking(true)}>
        Go back
      </Button>
      <Dialog title={`Restore the version before of "${title}"?`} opened={isAsking} onClose={() => setAsking(false)}>
        <p>
          The version before is in force again within seconds, as a new version. Owners that were written stay; records
          that change are decided by it.
        </p>
        <DialogActions error={back.error} onCancel={() => setAsking(false)} mt="md">
          <Button loading={back.isPending} onClick={() => back.mutate()}>
            Restore it
          </Button>
        </DialogActions>
      </Dialog>
    </>
  )
}
