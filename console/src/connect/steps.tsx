import { Group, Paper, Stack, ThemeIcon, Title } from '@mantine/core'
import { Children, isValidElement, type ReactNode } from 'react'

/** Numbered instructions, one card each. Leave a step out by rendering nothing for it. */
export function Steps({ children }: { children: ReactNode }) {
  return (
    <ol>
      {Children.toArray(children)
        .filter(isValidElement)
        .map((step, i) => (
          <Paper key={step.key} renderRoot={(props) => <li {...props} />} px={16} mb={10}>
            <Group align="flex-start" gap={14} wrap="nowrap">
              <ThemeIcon variant="light" color="gray" radius="xl" size={26} aria-hidden="true">
                {i + 1}
              </ThemeIcon>
              {step}
            </Group>
          </Paper>
        ))}
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
