import { Stack } from '@mantine/core'
import type { FormEvent } from 'react'
import { isOnlyAbout, problemOf } from '../parts/field-problems.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import type { ConnectOptions } from './connect-options.ts'
import { type Form, FormField, useForm } from './form-field.tsx'
import { Submit } from './submit.tsx'
import { useConnect } from './use-connect.ts'

export type SalesforceKind = 'salesforce-client-credentials' | 'salesforce-pkce' | 'salesforce-jwt'

const FIELDS = ['baseUrl', 'clientId', 'clientSecret', 'privateKey', 'username', 'apiVersion', 'pubsubAddress'] as const

type Field = { readonly form: Form<(typeof FIELDS)[number]>; readonly error: unknown }

type Props = { kind: SalesforceKind; options: ConnectOptions; again: string | null }

export function SalesforceForm({ kind, options, again }: Props) {
  const { apiVersion, pubsubAddress } = options.salesforce
  const connect = useConnect()
  const form: Field['form'] = useForm({
    baseUrl: '',
    clientId: '',
    clientSecret: '',
    privateKey: '',
    username: '',
    apiVersion,
    pubsubAddress,
  })
  const field: Field = { form, error: connect.error }

  function submit(event: FormEvent) {
    event.preventDefault()
    const { privateKey, username, clientSecret, ...rest } = form.values
    const shared = { ...rest, connectionId: again }
    if (kind === 'salesforce-jwt') connect.mutate({ kind, privateKey, username, ...shared })
    else connect.mutate({ kind, clientSecret, ...shared })
  }
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap={14} maw={520}>
        <FormField
          {...field}
          name="baseUrl"
          label="My Domain address"
          description="Setup, My Domain, Current My Domain URL. Not login.salesforce.com."
          placeholder="https://acme.my.salesforce.com"
        />
        <FormField
          {...field}
          name="clientId"
          label="Consumer key"
          description="On the app's Settings tab, under OAuth Settings: Consumer Key and Secret."
        />
        {kind === 'salesforce-jwt' ? <Certificate field={field} /> : <Secret field={field} kind={kind} />}
        <OtherAddresses field={field} />
        {connect.error && !isOnlyAbout(connect.error, FIELDS) && <ProblemNotice error={connect.error} />}
        <Submit
          isPending={connect.isPending}
          isSandbox={options.sandbox}
          signInAt={kind === 'salesforce-pkce' ? 'Salesforce' : null}
        />
      </Stack>
    </form>
  )
}

function Certificate({ field }: { field: Field }) {
  return (
    <>
      <FormField
        {...field}
        name="privateKey"
        kind="area"
        label="Private key"
        description="The whole file lanekeeper.key, including its BEGIN and END lines."
      />
      <FormField
        {...field}
        name="username"
        label="Username"
        description="The integration user's Salesforce username."
        placeholder="integration@acme.com"
      />
    </>
  )
}

function Secret({ field, kind }: { field: Field; kind: SalesforceKind }) {
  return (
    <FormField
      {...field}
      name="clientSecret"
      kind="secret"
      label="Consumer secret"
      description={
        kind === 'salesforce-pkce' ? 'Leave empty if the app requires no secret for Web Server Flow.' : undefined
      }
    />
  )
}

function OtherAddresses({ field }: { field: Field }) {
  const isWrong = problemOf(field.error, 'pubsubAddress') !== null || problemOf(field.error, 'apiVersion') !== null
  return (
    <details open={isWrong || undefined}>
      <summary>Use another API version or Pub/Sub address</summary>
      <FormField {...field} name="apiVersion" label="API version" />
      <FormField
        {...field}
        name="pubsubAddress"
        label="Pub/Sub address"
        description="If your network blocks port 7443: api.pubsub.salesforce.com:443."
      />
    </details>
  )
}
