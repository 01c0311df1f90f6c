import type { Person } from '../../../src/api/server/shared-types.ts'
import { say } from '../parts/format.ts'
import { ClassIcon, PostureIcon } from '../parts/icons.tsx'

/** The three things that one glance at a case has to give (M4): class, owner, posture. Shape, colour and word. */
export function ClassBadge({ name }: { name: string }) {
  return (
    <span className={`class-badge class-${name}`}>
      <ClassIcon name={name} />
      {say(name)}
    </span>
  )
}

export function PostureMark({ name }: { name: string }) {
  return (
    <span className={`posture posture-${name}`}>
      <PostureIcon name={name} />
      {say(name)}
    </span>
  )
}

export function Owner({ person }: { person: Person }) {
  return (
    <span className="owner" title={person.email}>
      <span className="initials" aria-hidden="true">
        {initials(person.name)}
      </span>
      <span className="owner-name">{person.name}</span>
    </span>
  )
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter(Boolean)
  return [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => (word ? [...word][0] : '')).join('')
}
