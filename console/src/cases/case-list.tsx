import { Paper, VisuallyHidden } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { KeyboardEvent } from 'react'
import type { ListItem } from '../../../src/api/cases/case-types.ts'
import { ago, due, exact, labelOf } from '../parts/format.ts'
import { useNow } from '../server/live.ts'
import { ClassBadge, Owner, PostureMark } from './case-marks.tsx'

/** Class, owner and posture stand out; everything else is quieter (M4). */
export function CaseList({ cases, label }: { cases: readonly ListItem[]; label: string }) {
  return (
    <Paper px={0} py={0} className="case-list">
      <div className="case-row case-head" aria-hidden="true">
        <span>Class</span>
        <span>Owner</span>
        <span>Meanwhile</span>
        <span>Case</span>
        <span className="case-when">Due</span>
      </div>
      <ul aria-label={label} onKeyDown={moveFocus}>
        {cases.map((item) => (
          <Row key={item.id} item={item} />
        ))}
      </ul>
    </Paper>
  )
}

function Row({ item }: { item: ListItem }) {
  return (
    <li>
      <Link to="/cases/$id" params={{ id: item.id }} className="case-row">
        <ClassBadge name={item.class} />
        <VisuallyHidden>, owner</VisuallyHidden>
        <Owner person={item.owner} />
        <VisuallyHidden>, meanwhile</VisuallyHidden>
        <PostureMark name={item.posture} />
        <VisuallyHidden>. </VisuallyHidden>
        <span className="case-text">
          <span className="case-title">{item.title}</span>
          <span className="case-what">{item.what}</span>
        </span>
        <When item={item} />
      </Link>
    </li>
  )
}

function When({ item }: { item: ListItem }) {
  const now = useNow()
  if (item.status !== 'open') {
    return (
      <span className="case-when">
        <span>{labelOf(item.status)}</span>
        <span className="quiet">{ago(item.resolvedAt ?? item.openedAt, now)}</span>
      </span>
    )
  }
  if (item.closedWithoutChange) {
    const { at, by } = item.closedWithoutChange
    return (
      <span className="case-when" title={`Opened ${exact(item.openedAt)}, closed twice without a change`}>
        <span>closed by {by ?? 'a person'} without a change</span>
        <span className="quiet">{ago(at, now)}</span>
      </span>
    )
  }
  const { text, late } = due(item.dueAt, now)
  return (
    <span className="case-when" title={`Opened ${exact(item.openedAt)}, due ${exact(item.dueAt)}`}>
      <span className={late ? 'late' : undefined}>{text}</span>
      <span className="quiet">opened {ago(item.openedAt, now)}</span>
    </span>
  )
}

const STEPS: Readonly<Record<string, number>> = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }

function moveFocus(event: KeyboardEvent<HTMLUListElement>): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const links = [...event.currentTarget.querySelectorAll<HTMLAnchorElement>('a.case-row')]
  const at = links.indexOf(document.activeElement as HTMLAnchorElement)
  const step = STEPS[event.key]
  const to = event.key === 'Home' ? 0 : event.key === 'End' ? links.length - 1 : step === undefined ? -1 : at + step
  const target = links[to]
  if (!target) return
  event.preventDefault()
  target.focus()
}
