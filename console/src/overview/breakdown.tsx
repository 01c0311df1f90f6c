import { Progress } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { Count } from '../../../src/api/overview/overview-types.ts'
import { labelOf, number } from '../parts/format.ts'
import { ClassIcon } from '../parts/icons.tsx'
import type { CaseSearch } from '../server/api.ts'

type Props = { counts: readonly Count[]; filter: (key: string) => CaseSearch; isClass?: boolean }

/** Open cases per class, pattern, owner or workflow; each line leads to its cases. */
export function Breakdown({ counts, filter, isClass = false }: Props) {
  const most = Math.max(1, ...counts.map((count) => count.n))
  if (counts.length === 0) return <p className="quiet">No open cases.</p>
  return (
    <ul className="breakdown">
      {counts.map(({ key, title, n, overdue }) => (
        <li key={key}>
          <Link to="/cases" search={filter(key)} className={n === 0 ? 'quiet' : undefined}>
            <span
              className="with-icon"
              style={isClass && key !== 'unknown' ? { color: `var(--class-${key}-ink)` } : undefined}
            >
              {isClass && <ClassIcon name={key} />}
              {isClass ? labelOf(key) : title}
            </span>
            <strong>{number(n)}</strong>
            <Progress
              value={(100 * n) / most}
              color={isClass ? `var(--class-${key}-solid)` : 'var(--fill)'}
              aria-hidden="true"
            />
            <small className="late">{overdue > 0 && `${number(overdue)} overdue`}</small>
          </Link>
        </li>
      ))}
    </ul>
  )
}
