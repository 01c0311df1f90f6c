import { Stack } from '@mantine/core'
import type { FormEvent } from 'react'
import { isOnlyAbout, problemOf } from '../parts/field-problems.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import type { ConnectOptions } from './connect-options.ts'
import { FormField, useForm } from './form-field.tsx'
import { Submit } from './submit.tsx'
import { useConnect } from './use-connect.ts'

export type HubSpotKind = 'hubspot-token' | 'hubspot-oauth'

const FIELDS = ['token', 'clientId', 'clientSecret', 'appId', 'webhookUrl', 'baseUrl', 'apiVersion']

type Props = { kind: HubSpotKind; options: ConnectOptions; again: string | null; webhookUrl: string | null }

export function HubSpotForm({ kind, options, again, webhookUrl }: Props) {
  const connect = useConnect()
  const form = useForm({ token: '', clientId: '', clientSecret: '', appId: '', baseUrl: options.hubspot.baseUrl })
  const isOAuth = kind === 'hubspot-oauth'
  const field = { form, error: connect.error }
  const webhookProblem = problemOf(connect.error, 'webhookUrl')

  function submit(event: FormEvent) {
    event.preventDefault()
    const { token, clientId, ...rest } = form.values
    const shared = { ...rest, webhookUrl, connectionId: again }
    connect.mutate(
      isOAuth ? { kind: 'hubspot-oauth', clientId, ...shared } : { kind: 'hubspot-token', token, ...shared },
    )
  }
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap={14} maw={520}>
        {isOAuth ? (
          <FormField {...field} name="clientId" label="Client id" />
        ) : (
          <FormField {...field} name="token" kind="secret" label="Access token" />
        )}
        <FormField
          {...field}
          name="clientSecret"
          kind="secret"
          label="Client secret"
          description={secretUse(isOAuth, webhookUrl !== null)}
        />
        <FormField
          {...field}
          name="appId"
          label="App id"
          description="Optional number. Identifies Lanekeeper's own changes."
          inputMode="numeric"
        />
        {webhookProblem && <p className="late">Webhook address: {webhookProblem}</p>}
        <details open={problemOf(connect.error, 'baseUrl') !== null || undefined}>
          <summary>Use another API address</summary>
          <FormField
            {...field}
            name="baseUrl"
            label="API address"
            description="Only for portals hosted elsewhere, for example https://api-eu1.hubapi.com."
          />
        </details>
        {connect.error && !isOnlyAbout(connect.error, FIELDS) && <ProblemNotice error={connect.error} />}
        <Submit isPending={connect.isPending} isSandbox={options.sandbox} signInAt={isOAuth ? 'HubSpot' : null} />
      </Stack>
    </form>
  )
}

function secretUse(isOAuth: boolean, isPush: boolean): string {
  if (isOAuth) return 'Exchanges the sign-in for tokens and verifies webhook signatures.'
  return isPush ? 'Verifies webhook signatures.' : 'Optional. Verifies webhook signatures; not needed while polling.'
}
