import { Button, Loader, Modal, Textarea } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { EditedReply, TextReply } from '../../../src/api/changes/change-types.ts'
import { DialogActions } from '../parts/dialog.tsx'
import { ProblemNotice } from '../parts/notices.tsx'
import { queryClient, send, textQuery } from '../server/api.ts'

type Props = { of: { draft: number } | { document: string }; onClose: () => void }

/** The text of a draft, or a new one that begins as what is in force. */
export function EditDialog({ of, onClose }: Props) {
  const { data, error } = useQuery(textQuery(of))
  return (
    <Modal
      opened
      onClose={onClose}
      title={data?.title ?? 'Draft'}
      size={900}
      withCloseButton={false}
      lockScroll={false}
    >
      {error && <ProblemNotice error={error} />}
      {!data && !error && <Loader aria-label="Loading the text" />}
      {data && <Editor of={of} text={data} onClose={onClose} />}
    </Modal>
  )
}

function Editor({ of, text, onClose }: Props & { text: TextReply }) {
  const [source, setSource] = useState(text.source)
  const save = useMutation({
    mutationFn: () =>
      'draft' in of
        ? send<EditedReply>(`/api/console/changes/drafts/${of.draft}/edit`, { source, read: text.hash })
        : send('/api/console/changes/drafts', { document: of.document, source }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['console'] })
      onClose()
    },
  })
  return (
    <>
      <Textarea
        label="YAML"
        description="Saving makes a draft. Approvals of an earlier text end, and you are one of its authors."
        value={source}
        onChange={(event) => setSource(event.currentTarget.value)}
        rows={22}
        spellCheck={false}
        classNames={{ input: 'yaml' }}
      />
      <DialogActions error={save.error} onCancel={onClose} mt="md">
        <Button loading={save.isPending} disabled={source === text.source} onClick={() => save.mutate()}>
          Save draft
        </Button>
      </DialogActions>
    </>
  )
}
