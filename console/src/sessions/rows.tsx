import type { ReactNode } from 'react'

/** A list in which each row has what it is on the left and what can be done on the right. */
export function Rows({ children }: { children: ReactNode }) {
  return <ul className="people-rows">{children}</ul>
}

export function Row({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <li className="people-row">
      <span className="people-row-what">{children}</span>
      {action}
    </li>
  )
}
