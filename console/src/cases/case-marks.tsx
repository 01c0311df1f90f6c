import { Avatar, Badge } from '@mantine/core'
import type { Person } from '../../../src/api/server/shared-types.ts'
import { labelOf } from '../parts/format.ts'
import { ClassIcon, PostureIcon } from '../parts/icons.tsx'

/** The three marks of a case that one glance has to give (M4): class, owner, posture. Shape, color and word. */
export function ClassBadge({ name, size = 'lg' }: { name: string; size?: 'lg' | 'xl' }) {
  return (
    <Badge
      className="class-badge"
      size={size}
      bg={`var(--class-${name}-tint)`}
      c={`var(--class-${name}-ink)`}
      leftSection={<ClassIcon name={name} />}
    >
      {labelOf(name)}
    </Badge>
  )
}

export function PostureMark({ name }: { name: string }) {
  return (
    <span className="posture with-icon">
      <PostureIcon name={name} />
      {labelOf(name)}
    </span>
  )
}

export function Owner({ person }: { person: Person }) {
  return (
    <span className="owner with-icon" title={person.email}>
      <Avatar size={26} name={person.name} aria-hidden="true" />
      <span className="owner-name">{person.name}</span>
    </span>
  )
}
