import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { ProblemNotice } from '../parts/notices.tsx'
import { departureQuery } from '../server/api.ts'

/** Everything that still names a person who left, worked out when it is opened. */
export function StillNamed({ email }: { email: string }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>Everything that still names {email}</summary>
      {isOpen && <Sections email={email} />}
    </details>
  )
}

function Sections({ email }: { email: string }) {
  const { data, error, refetch } = useQuery(departureQuery(email))
  if (error) return <ProblemNotice error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <p className="quiet">Working it out…</p>
  return (
    <>
      {data.sections.map(({ title, lines }) => (
        <section key={title}>
          <h4>{title}</h4>
          <ul>
            {lines.map((line) => (
              <li key={line} className={line.startsWith(' ') ? 'quiet' : undefined}>
                {line.trim()}
              </li>
            ))}
          </ul>
        </section>
      ))}
    </>
  )
}
