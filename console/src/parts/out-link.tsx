import { VisuallyHidden } from '@mantine/core'
import type { ReactNode } from 'react'
import { OutIcon } from './icons.tsx'

/** A link to a page of the CRM. Nothing where the CRM has no page for it. */
export function OutLink({ href, children }: { href: string | null; children: ReactNode }) {
  if (!href) return null
  return (
    <a href={href} target="_blank" rel="noreferrer noopener" className="out">
      {children}
      <OutIcon />
      <VisuallyHidden> (opens a new tab)</VisuallyHidden>
    </a>
  )
}
