import { Paper, Stack, Text } from '@mantine/core'
import { type ReactNode, useId } from 'react'

/** A part of the page with its heading. */
export function Section({ title, children }: { title: string; children: ReactNode }) {
  const id = useId()
  return (
    <Paper component="section" aria-labelledby={id}>
      <Stack gap="sm">
        <Text renderRoot={(props) => <h2 {...props} />} id={id} fz={16} fw={640}>
          {title}
        </Text>
        {children}
      </Stack>
    </Paper>
  )
}
