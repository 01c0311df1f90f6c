import { Button, Group, Modal } from '@mantine/core'
import type { ReactNode } from 'react'
import { ProblemNotice } from './notices.tsx'

type Props = { title: string; opened: boolean; onClose: () => void; children: ReactNode }

/** A question before something changes. Escape closes it, and the focus returns to its button. */
export function Dialog({ title, opened, onClose, children }: Props) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={title}
      centered
      size={560}
      withCloseButton={false}
      // Locking the scroll bar writes a style element that our content security policy refuses.
      lockScroll={false}
    >
      {children}
    </Modal>
  )
}

type ActionsProps = {
  /** What went wrong when it was last tried; null: nothing. */
  error: Error | null
  onCancel: () => void
  mt?: 'md'
  /** For a thumb in a hurry. */
  isLarge?: boolean
  /** The button that does it. */
  children: ReactNode
}

/** The end of a dialog: why it did not work, the button that does it, and the way out that changes nothing. */
export function DialogActions({ error, onCancel, mt, isLarge = false, children }: ActionsProps) {
  return (
    <>
      {error && <ProblemNotice error={error} />}
      <Group gap={8} {...(mt && { mt })}>
        {children}
        <Button variant="default" onClick={onCancel} {...(isLarge && { className: 'control-act', size: 'md' })}>
          Cancel
        </Button>
      </Group>
    </>
  )
}
