import { Radio, Stack, TextInput } from '@mantine/core'
import { CopyField } from '../parts/copy-field.tsx'
import { within } from '../parts/format.ts'
import { Notice } from '../parts/notices.tsx'
import type { ConnectOptions } from './connect-options.ts'

export type Feed = 'push' | 'poll'

type Props = {
  options: ConnectOptions
  feed: Feed
  onFeed: (feed: Feed) => void
  webhookUrl: string
  onWebhookUrl: (url: string) => void
}

/** Webhooks where HubSpot can reach this server, polling anywhere. */
export function HubSpotFeed({ options, feed, onFeed, webhookUrl, onWebhookUrl }: Props) {
  const { hubspot, isPublic } = options
  const delay = within(hubspot.pollSeconds)
  return (
    <>
      <Radio.Group value={feed} onChange={(value) => onFeed(value as Feed)} aria-label="How changes arrive">
        <Stack gap="sm">
          <Radio
            value="push"
            label="Webhooks"
            description={
              isPublic
                ? 'Changes arrive within seconds.'
                : 'Changes arrive within seconds. Needs an https address that HubSpot can reach from the internet.'
            }
          />
          <Radio
            value="poll"
            label="Polling"
            description={`No public address needed. Changes arrive within about ${delay}.`}
          />
        </Stack>
      </Radio.Group>
      {!isPublic && (
        <Notice>
          <p>
            HubSpot cannot reach this server at <code>{options.publicUrl}</code>. Polling works without that: changes
            arrive within about {delay}. To switch to webhooks later, reconnect the portal.
          </p>
        </Notice>
      )}
      {feed === 'push' && !isPublic && (
        <TextInput
          label="Public webhook address"
          description={`A tunnel or proxy to ${new URL(hubspot.webhookUrl).pathname} on this server.`}
          placeholder="https://lanekeeper.acme.com/webhooks/hubspot"
          value={webhookUrl}
          onChange={(event) => onWebhookUrl(event.currentTarget.value)}
        />
      )}
      {feed === 'push' && isPublic && <CopyField label="Webhook address" value={hubspot.webhookUrl} />}
    </>
  )
}
