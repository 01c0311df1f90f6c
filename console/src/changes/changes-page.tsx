import { Button, Group, Loader, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ChangesReply } from '../../../src/api/changes/change-types.ts'
import { EmptyState, ProblemNotice } from '../parts/notices.tsx'
import { changesQuery } from '../server/api.ts'
import { DraftCard } from './draft-card.tsx'
import { EditDialog } from './edit-dialog.tsx'
import { FirstSteps } from './first-steps.tsx'
import { MarkList } from './mark-list.tsx'
import { VersionList } from './version-list.tsx'

/** Drafts that wait for approval, and the versions that were in force. */
export function ChangesPage() {
  const { data, error, refetch } = useQuery(changesQuery)
  return (
    <>
      <h1>Changes</h1>
      {error && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Loader className="boot" aria-label="Loading changes" />}
      {data && <Changes changes={data} />}
    </>
  )
}

function Changes({ changes: { sequence, drafts, versions, documents } }: { changes: ChangesReply }) {
  return (
    <Stack gap={14}>
      <FirstSteps />
      {drafts.length === 0 && sequence > 0 && (
        <EmptyState title="No draft waits">
          To change a workflow, write a draft here or edit its file; nothing changes until two people approve it.
        </EmptyState>
      )}
      {drafts.map((draft) => (
        <DraftCard key={draft.id} draft={draft} />
      ))}
      <MarkList />
      {documents.length > 0 && <NewDraft documents={documents} />}
      {versions.length > 0 && <VersionList versions={versions} sequence={sequence} />}
    </Stack>
  )
}

function NewDraft({ documents }: Pick<ChangesReply, 'documents'>) {
  const [editing, setEditing] = useState<string | null>(null)
  return (
    <section aria-labelledby="write">
      <h2 id="write" className="changes-heading">
        Write a draft
      </h2>
      <Group gap={8}>
        {documents.map(({ document, title }) => (
          <Button key={document} size="xs" variant="default" onClick={() => setEditing(document)}>
            {title}
          </Button>
        ))}
      </Group>
      {editing !== null && <EditDialog of={{ document: editing }} onClose={() => setEditing(null)} />}
    </section>
  )
}
