import { Button, Text } from '@mantine/core'

type Props = { isPending: boolean; isSandbox: boolean; signInAt: string | null }

/** The button below a form: checks permissions, or continues to the sign-in page of the CRM. */
export function Submit({ isPending, isSandbox, signInAt }: Props) {
  return (
    <div>
      <Button type="submit" loading={isPending} disabled={isSandbox}>
        {signInAt ? `Continue to ${signInAt}` : 'Check permissions'}
      </Button>
      <Text size="xs" c="dimmed" mt={6}>
        {signInAt
          ? `You sign in and approve at ${signInAt}, then return here.`
          : 'This only checks permissions: no import, no writing.'}{' '}
        Your credentials are stored encrypted and never shown again.
      </Text>
    </div>
  )
}
