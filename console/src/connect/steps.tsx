import { Group, Paper, Stack, ThemeIcon, Title } from '@mantine/core'
import { Children, type ReactNode } from 'react'

/** Numbered instructions, one card each. Leave a step out by rendering nothing for it. */
export function Steps({ children }: { children: ReactNode }) {
  return (
    <ol>
      <Stack gap={10}>
        {Children.toArray(children).map((step, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the steps of a form keep their order
          <Paper key={i} renderRoot={(props) => <li {...props} />} p={16}>
            <Group align="flex-start" gap={14} wrap="nowrap">
              <ThemeIcon variant="light" color="gray" radius="xl" size={26} aria-hidden="true">
                {i + 1}
              </ThemeIcon>
              {step}
            </Group>
          </Paper>
        ))}
      </Stack>
    </ol>
  )
}

export function Step({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack gap={10} flex={1} miw={0}>
      <Title order={2} fz={16} lh="26px">
        {title}
      </Title>
      {children}
    </Stack>
  )
}
