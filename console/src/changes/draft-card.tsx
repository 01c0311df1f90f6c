import { Badge, Button, Group, Paper, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { DraftView } from '../../../src/api/changes/change-types.ts'
import { exact } from '../parts/format.ts'
import { Notice, ProblemNotice } from '../parts/notices.tsx'
import { ApiProblem, queryClient, send } from '../server/api.ts'
import { ChangeList } from './change-list.tsx'
import { DraftCost } from './draft-cost.tsx'
import { EditDialog } from './edit-dialog.tsx'
import { TryDraft } from './try-draft.tsx'

/** A draft: what it changes, who wrote it, who approved it, and who still has to. */
export function DraftCard({ draft }: { draft: DraftView }) {
  const { id, title, changes, explained } = draft
  const heading = `draft-${id}`
  return (
    <Paper component="section" aria-labelledby={heading}>
      <Stack gap="sm">
        <Group justify="space-between" gap={8}>
          <Text renderRoot={(props) => <h2 {...props} />} id={heading} fz={16} fw={640}>
            {title}
          </Text>
          <State draft={draft} />
        </Group>
        <Origin draft={draft} />
        <Mistakes draft={draft} />
        {changes !== null && draft.errors.length === 0 && <ChangeList changes={changes} />}
        {changes === null && (
          <details>
            <summary>All of it is new: read it</summary>
            <pre className="explained">{explained ?? 'The first version of this document.'}</pre>
          </details>
        )}
        {draft.hash !== null && <DraftCost draft={draft} />}
        {draft.hash !== null && <TryDraft key={draft.hash} draft={draft} />}
        <Approvals draft={draft} />
        <Actions draft={draft} />
      </Stack>
    </Paper>
  )
}

const STATES = { draft: 'Waits for approval', approved: 'Approved', preparing: 'Preparing' } as const

function State({ draft: { state, errors, isStale } }: { draft: DraftView }) {
  if (errors.length > 0)
    return (
      <Badge variant="dot" bd={0} color="red.7">
        Has errors
      </Badge>
    )
  // The color is the dot's: the words keep the contrast of the page.
  const [color, text] = isStale
    ? ['yellow.7', 'Out of date']
    : [state === 'draft' ? 'gray.6' : 'green.7', STATES[state]]
  return (
    <Badge variant="dot" bd={0} color={color}>
      {text}
    </Badge>
  )
}

function Origin({ draft: { id, authors, file, changedAt, how } }: { draft: DraftView }) {
  const by = authors === null ? 'an unknown author' : authors.map(({ name }) => name).join(', ')
  return (
    <p className="quiet">
      Draft {id}, {how === 'way-back' ? 'back to the version before, asked for' : 'written'} by {by}, last changed{' '}
      {exact(changedAt)}
      {file !== null && (
        <>
          . It follows the file <code className="file">{file.split('/').slice(-2).join('/')}</code>
        </>
      )}
      .
    </p>
  )
}

function Mistakes({ draft: { errors } }: { draft: DraftView }) {
  if (errors.length === 0) return null
  return (
    <Notice tone="stop" title="Correct these errors first">
      <ul className="bullets">
        {errors.map(({ line, field, message }) => (
          <li key={`${line} ${field} ${message}`}>
            Line {line}
            {field === '' ? '' : `, ${field}`}: {message}
          </li>
        ))}
      </ul>
    </Notice>
  )
}

function Approvals({ draft }: { draft: DraftView }) {
  const { approvals, needed, state, waitsFor, errors, isStale } = draft
  if (errors.length > 0) return null
  return (
    <div>
      {approvals.length > 0 && (
        <p>Approved by {approvals.map(({ person, at }) => `${person.name} (${exact(at)})`).join(', ')}.</p>
      )}
      {state === 'draft' && isStale && (
        <p>Another version came into force since it was written. Rebase it and read the difference again.</p>
      )}
      {state === 'draft' && !isStale && <StillNeeded needed={needed} />}
      {state === 'preparing' && waitsFor.length > 0 && (
        <p>
          Reading fields of {waitsFor.map(({ title, objectType }) => `${objectType} in ${title}`).join(', ')}. It comes
          into force when they are read.
        </p>
      )}
      {state !== 'draft' && waitsFor.length === 0 && <p>It comes into force in a few seconds.</p>}
    </div>
  )
}

function StillNeeded({ needed: { count, whoMay, says, isAlone } }: Pick<DraftView, 'needed'>) {
  if (says !== null) {
    return (
      <Notice tone="warn" title="Nobody can approve this now">
        <p>{says}</p>
      </Notice>
    )
  }
  const names = whoMay.map(({ name }) => name)
  return (
    <p>
      {count === 1 ? 'One more approval is needed' : `${count} approvals are needed`}, from {inWords(names)}.
      {isAlone && ' It only narrows what rules do, so one is enough.'}
    </p>
  )
}

function inWords(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? 'nobody') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}

function Actions({ draft }: { draft: DraftView }) {
  const { id, hash, state, mayNot, isStale, authors, how } = draft
  const [isEditing, setEditing] = useState(false)
  const act = useMutation({
    mutationFn: ({ verb, body }: { verb: string; body?: unknown }) =>
      send(`/api/console/changes/drafts/${id}/${verb}`, body),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['console'] }),
  })
  const button = (verb: string, label: string, body?: unknown) => (
    <Button size="xs" variant="default" loading={act.isPending} onClick={() => act.mutate({ verb, body })}>
      {label}
    </Button>
  )
  const canApprove = state === 'draft' && hash !== null && !isStale
  return (
    <>
      {canApprove && mayNot !== null && <p className="quiet">{mayNot}</p>}
      <Group gap={8}>
        {canApprove && mayNot === null && (
          <Button size="xs" loading={act.isPending} onClick={() => act.mutate({ verb: 'approve', body: { hash } })}>
            Approve
          </Button>
        )}
        {state === 'draft' && isStale && button('rebase', 'Rebase on the version in force')}
        {state === 'draft' && authors === null && button('adopt', 'Adopt as author')}
        {state === 'draft' && how !== 'way-back' && (
          <Button size="xs" variant="default" onClick={() => setEditing(true)}>
            Edit
          </Button>
        )}
        {button('withdraw', 'Withdraw')}
      </Group>
      {act.error && <ProblemNotice error={act.error} />}
      <Details error={act.error} />
      {isEditing && <EditDialog of={{ draft: id }} onClose={() => setEditing(false)} />}
    </>
  )
}

/** What changed since the draft was read, or which mistakes it has. */
function Details({ error }: { error: unknown }) {
  const details = error instanceof ApiProblem ? (error.problem.errors ?? []) : []
  if (details.length === 0) return null
  return (
    <ul className="bullets">
      {details.map(({ problem }) => (
        <li key={problem}>{problem}</li>
      ))}
    </ul>
  )
}
