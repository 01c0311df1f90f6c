import { Button, Code, CopyButton, Group, Paper, Text, VisuallyHidden } from '@mantine/core'
import { CopyIcon } from './icons.tsx'

/** Text to paste into the CRM's own pages, exactly as shown. */
export function CopyField({ label, value }: { label: string; value: string }) {
  return (
    <Paper px="sm" py={8} withBorder={false} bg="var(--ground)">
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Group wrap="nowrap" justify="space-between" gap="sm">
        <Code bg="transparent" p={0} style={{ overflowWrap: 'anywhere' }}>
          {value}
        </Code>
        {/* Browsers allow copying on https and localhost only. */}
        {navigator.clipboard && <Copy label={label} value={value} />}
      </Group>
    </Paper>
  )
}

function Copy({ label, value }: { label: string; value: string }) {
  return (
    <CopyButton value={value} timeout={3_000}>
      {({ copied, copy }) => (
        <>
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<CopyIcon />}
            onClick={copy}
            aria-label={`Copy ${label}`}
            style={{ flexShrink: 0 }}
          >
            {copied ? 'Copied' : 'Copy'}
          </Button>
          <VisuallyHidden role="status">{copied && `${label} copied`}</VisuallyHidden>
        </>
      )}
    </CopyButton>
  )
}
