import { Badge, Button, Group, Paper, Stack, Text } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { MarkView } from '../../../src/api/changes/mark-types.ts'
import { ClassBadge } from '../cases/case-marks.tsx'
import { day, plural } from '../parts/format.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import { marksQuery, queryClient, send } from '../server/api.ts'
import { EndMarkDialog, ProposeMarkDialog } from './mark-dialogs.tsx'

/** Which rules settle cases beyond expected without a person, who said so, and until when. */
export function MarkList() {
  const { data, error } = useQuery(marksQuery)
  const [isProposing, setProposing] = useState(false)
  const workflows = data?.workflows.filter(({ mayNot }) => mayNot === null) ?? []
  return (
    <Paper component="section" aria-labelledby="marks">
      <Group justify="space-between" gap={8}>
        <Text renderRoot={(props) => <h2 {...props} />} id="marks" fz={16} fw={640}>
          Marks
        </Text>
        {workflows.length > 0 && (
          <Button size="xs" variant="default" onClick={() => setProposing(true)}>
            Mark a rule
          </Button>
        )}
      </Group>
      <p className="quiet">
        A mark lets a rule settle cases of one class without a reviewer until it ends. The boundary owner and a second
        person make it. Expected cases need none, and unknown cases always go to a person.
      </p>
      {error && <ProblemNotice error={error} />}
      {data?.marks.length === 0 && <p>No rule is marked: a person decides every case above expected.</p>}
      <Stack gap={0}>
        {groupsOf(data?.marks ?? []).map((marks) => (
          <MarkGroup key={marks[0]!.id} marks={marks} />
        ))}
      </Stack>
      {data && isProposing && (
        <ProposeMarkDialog workflows={workflows} days={data.days} onClose={() => setProposing(false)} />
      )}
    </Paper>
  )
}

/** Marks that differ in nothing but the rule are one row. */
function groupsOf(marks: readonly MarkView[]): MarkView[][] {
  const alike = Map.groupBy(marks, ({ workflow, class: of, by, reason, endsAt, isProposal, isVoid }) =>
    JSON.stringify([workflow, of, by, reason, day(endsAt), isProposal, isVoid]),
  )
  return [...alike.values()]
}

function MarkGroup({ marks }: { marks: readonly MarkView[] }) {
  const [first] = marks as [MarkView]
  const { title, class: of, reason, endsAt, endsSoon, isProposal, isVoid, rule } = first
  const rules = marks.length === 1 ? `rule ${rule}` : plural(marks.length, 'rule')
  return (
    <div className="version">
      <Group gap={8}>
        <strong>
          {title}: {rules}
        </strong>
        <ClassBadge name={of} />
        <Standing isProposal={isProposal} isVoid={isVoid} endsSoon={endsSoon} />
      </Group>
      <div className="quiet">
        {whoSaid(first)} {isProposal ? 'Would end' : 'Ends'} {day(endsAt)}. {reason}
        {isVoid && ' The rule was edited since, so this mark lets nothing.'}
      </div>
      {isProposal && <Agree mark={first} />}
      <details>
        <summary>{marks.length === 1 ? 'The rule' : 'The rules'}</summary>
        <ul className="bullets">
          {marks.map((mark) => (
            <li key={mark.id}>
              <strong>{mark.rule}</strong>: {mark.says} <End mark={mark} />
            </li>
          ))}
        </ul>
      </details>
    </div>
  )
}

function Standing({ isProposal, isVoid, endsSoon }: Pick<MarkView, 'isProposal' | 'isVoid' | 'endsSoon'>) {
  if (!isProposal && !isVoid && !endsSoon) return null
  const text = isVoid ? 'Void' : isProposal ? 'Waits for a second person' : 'Ends soon'
  return (
    <Badge variant="dot" bd={0} color={isVoid ? 'gray.6' : 'yellow.7'}>
      {text}
    </Badge>
  )
}

function whoSaid({ by, origin, isProposal }: MarkView): string {
  if (origin === 'before-people') return 'From before people marked rules.'
  return `${isProposal ? 'Proposed' : 'Marked'} by ${by.join(' and ')}.`
}

function Agree({ mark: { id, mayNotAgree } }: { mark: MarkView }) {
  const agree = useMutation({
    mutationFn: () => send(`/api/console/changes/marks/${id}/agree`),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['console'] }),
  })
  if (mayNotAgree !== null) return <p className="quiet">{mayNotAgree}</p>
  return (
    <>
      <Button size="xs" loading={agree.isPending} onClick={() => agree.mutate()}>
        Agree
      </Button>
      {agree.error && <ProblemNotice error={agree.error} />}
    </>
  )
}

function End({ mark }: { mark: MarkView }) {
  const [isAsking, setAsking] = useState(false)
  if (mark.mayNotEnd !== null) return null
  return (
    <>
      <Button
        size="compact-xs"
        variant="default"
        aria-label={`Remove the mark of ${mark.rule}`}
        onClick={() => setAsking(true)}
      >
        Remove
      </Button>
      {isAsking && <EndMarkDialog mark={mark} onClose={() => setAsking(false)} />}
    </>
  )
}
