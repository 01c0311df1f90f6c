import { DataList } from '@mantine/core'
import type { ReactNode } from 'react'

/** Labels with their values, one below the other. */
export function FactList({ children, labelWidth = 120 }: { children: ReactNode; labelWidth?: number }) {
  return (
    <DataList labelWidth={labelWidth} gap={6}>
      {children}
    </DataList>
  )
}

export function FactRow({ label, isLate, children }: { label: ReactNode; isLate?: boolean; children: ReactNode }) {
  return (
    <DataList.Item>
      <DataList.ItemLabel>{label}</DataList.ItemLabel>
      <DataList.ItemValue className={isLate ? 'late' : undefined}>{children}</DataList.ItemValue>
    </DataList.Item>
  )
}
