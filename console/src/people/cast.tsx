import { Button, Group, SegmentedControl, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { CastOffered, CastRequest, CastSeat, Cast as Proposed } from '../../../src/api/people/cast-types.ts'
import type { WorkflowPlaces } from '../../../src/api/people/people-types.ts'
import { number, plural } from '../parts/format.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import { castQuery } from '../server/people-queries.ts'
import { usePeopleAct } from './use-people-act.ts'

type Mode = CastRequest['mode']

/** The fewest people who can honestly do it, from the users of the CRMs, and one button that asks them. */
export function Cast({ workflow }: { workflow: WorkflowPlaces }) {
  const { data, error } = useQuery(castQuery(workflow.workflow))
  const [mode, setMode] = useState<Mode>('pilot')
  if (error) return <ProblemNotice error={error} />
  if (!data) return null
  const { pilot, live } = data
  if (pilot === null)
    return (
      <p className="quiet">The connected CRMs have too few active users for a proposal: a pilot takes two people.</p>
    )
  const cast = mode === 'live' && live !== null ? live : pilot
  if (pilot.seats.length === 0 && (live === null || live.seats.length === 0)) return null
  return (
    <section className="proposal" aria-label={`Proposed people of ${workflow.title}`}>
      <div className="proposal-head">
        <Text renderRoot={(props) => <h4 {...props} />} fz={14} fw={640} m={0}>
          {mode === 'live' ? 'Three people are enough to go live' : 'Two people are enough for a pilot'}
        </Text>
        {live !== null && (
          <SegmentedControl
            size="xs"
            aria-label={`How far ${workflow.title} should go`}
            data={[
              { value: 'pilot', label: 'Pilot' },
              { value: 'live', label: 'Live' },
            ]}
            value={mode}
            onChange={(value) => setMode(value === 'live' ? 'live' : 'pilot')}
          />
        )}
      </div>
      <Seats seats={cast.seats} />
      <Ask key={mode} cast={cast} mode={mode} workflow={workflow} />
    </section>
  )
}

function Seats({ seats }: { seats: readonly CastSeat[] }) {
  if (seats.length === 0) return <p className="quiet">Somebody holds each of these jobs or is asked.</p>
  return (
    <ul className="rows proposal-people">
      {seats.map(({ candidateId, name, isHere, jobs }) => (
        <li key={candidateId}>
          <Group justify="space-between" gap="2px 14px">
            <span>
              <strong>{name}</strong>
              {!isHere && <span className="quiet small"> (not invited yet)</span>}
            </span>
            <span>{number(jobs.reduce((sum, { minutesAWeek }) => sum + minutesAWeek, 0))} min a week (assumed)</span>
          </Group>
          <p className="quiet small">
            {jobs.map(({ title, minutesAWeek }) => `${title} ${number(minutesAWeek)} min`).join(', ')}
          </p>
        </li>
      ))}
    </ul>
  )
}

type AskProps = { cast: Proposed; mode: Mode; workflow: WorkflowPlaces }

/** One click. What the person at the screen may not offer is left to whoever may. */
function Ask({ cast: { seats }, mode, workflow }: AskProps) {
  const ask = usePeopleAct<CastRequest, CastOffered>(`/cast/${encodeURIComponent(workflow.workflow)}`)
  const all = seats.flatMap(({ candidateId, name, jobs }) => jobs.map((job) => ({ ...job, candidateId, name })))
  const own = all.filter(({ canAsk }) => canAsk)
  const left = all.length - own.length
  const send = () =>
    ask.mutate({ mode, jobs: all.map(({ lane, circle, candidateId }) => ({ lane, circle, candidateId })) })
  return (
    <Stack gap={6} align="flex-start">
      {own.length > 0 && (
        <Button size="xs" loading={ask.isPending} onClick={send}>
          {own.length === 1
            ? `Ask ${own[0]!.name} to be ${own[0]!.title}`
            : `Ask ${inShort([...new Set(own.map(({ name }) => name))])} for ${plural(own.length, 'job')}`}
        </Button>
      )}
      {left > 0 && <p className="quiet">{whoAsks(seats, left, own.length)}</p>}
      {ask.error && <ProblemNotice error={ask.error} />}
    </Stack>
  )
}

function whoAsks(seats: readonly CastSeat[], left: number, own: number): string {
  const isOwnerMissing = seats.some(({ jobs }) => jobs.some(({ lane }) => lane === 'workflow'))
  const rest = `${own > 0 ? 'the other ' : 'these '}${plural(left, 'job')}`
  if (isOwnerMissing) return `When the workflow owner accepts, they can ask for ${rest} with one click.`
  if (seats.some(({ isHere }) => !isHere))
    return `An admin has to invite these people first. Then the workflow owner asks.`
  return `The workflow owner can ask for ${rest} with one click.`
}

/** On a phone there is room for one name. */
function inShort(names: readonly string[]): string {
  return names.length === 1 ? names[0]! : `${names.length} people`
}
