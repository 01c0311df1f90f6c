import { Modal } from '@mantine/core'
import type { ReactNode } from 'react'

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
