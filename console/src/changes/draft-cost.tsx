import { Loader } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { CostReply, DraftView } from '../../../src/api/changes/change-types.ts'
import { number, plural } from '../parts/format.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import { costQuery } from '../server/api.ts'

/** What publishing would mean, worked out on present records when somebody opens it. Nothing is written. */
export function DraftCost({ draft: { id, hash } }: { draft: Pick<DraftView, 'id' | 'hash'> }) {
  const [isOpen, setOpen] = useState(false)
  const { data, error } = useQuery({ ...costQuery(id, hash), enabled: isOpen })
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>What it would change on present records</summary>
      {isOpen && !data && !error && <Loader size="sm" aria-label="Working it out" />}
      {error && <ProblemNotice error={error} />}
      {data && <Cost cost={data} />}
    </details>
  )
}

function Cost({ cost }: { cost: CostReply }) {
  const { fields, ownerWrites, subscriptions, records, isWider, ownerChanges, tasksPerDay, isEstimate } = cost
  const { all, decided, inScopeBefore, inScopeAfter, casesBefore, casesAfter } = records
  return (
    <ul className="bullets">
      <li>
        {isEstimate
          ? `Estimated from ${number(decided)} of ${plural(all, 'record')}.`
          : `Worked out on all ${plural(all, 'record')}.`}{' '}
        Nothing was written.
      </li>
      <li>
        Records covered: {number(inScopeAfter)} (was {number(inScopeBefore)}){isWider ? ', so it does more' : ''}. Open
        cases, were every record decided now: {number(casesAfter)} (was {number(casesBefore)}).
      </li>
      {fields.map(({ connection, object, fields: names }) => (
        <li key={`${connection} ${object}`}>
          Reads {plural(names.length, 'more field')} of {object} in {connection}: {names.join(', ')}. The object is read
          again from the start.
        </li>
      ))}
      {ownerWrites.map(({ connection, object }) => (
        <li key={`owner ${connection} ${object}`}>
          Needs permission to set the owner of {object} in {connection}.
        </li>
      ))}
      {subscriptions.map(({ connection, fields: count }) => (
        <li key={`events ${connection}`}>
          {connection} sends no events for {plural(count, 'new field')} yet: they are polled until the first event. An
          admin adds them with the app's new project file.
        </li>
      ))}
      {ownerChanges.map(({ from, to, records: count }) => (
        <li key={`${from} ${to}`}>
          {plural(count, 'owner change')} from {from} to {to}.
        </li>
      ))}
      {ownerChanges.length === 0 && <li>No owner would change that does not change today.</li>}
      {tasksPerDay.map(({ email, before, after }) => (
        <li key={email}>
          {email}: about {after} cases a day (was {before}), by the changes of the last 7 days.
        </li>
      ))}
      <li>Records that do not change keep their owners until the workflow owner applies the version to them.</li>
    </ul>
  )
}
