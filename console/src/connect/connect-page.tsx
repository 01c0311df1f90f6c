import { Fieldset, Loader, Paper, SimpleGrid, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import { Notice, ProblemNotice } from '../parts/notices.tsx'
import { ConnectHubSpot } from './connect-hubspot.tsx'
import type { ConnectOptions } from './connect-options.ts'
import { connectOptionsQuery } from './connect-options.ts'
import { ConnectSalesforce } from './connect-salesforce.tsx'
import type { Crm } from './crms.ts'
import type { HubSpotKind } from './hubspot-form.tsx'
import { CRM_CHOICES, KIND_CHOICES } from './kinds.ts'
import type { SalesforceKind } from './salesforce-form.tsx'

/** What the address bar of this page holds. */
export type ConnectSearch = { crm?: Crm; kind?: string; again?: string; refused?: string }

/** Why the CRM's page led back here without a grant. */
const REFUSED: Readonly<Record<string, string>> = {
  state:
    'This answer does not belong to the sign-in you started. A sign-in works once, for ten minutes, in the browser that started it. Start again below.',
  'signed-out': 'Your Lanekeeper session had ended. You are signed in now: start again below.',
  incomplete: 'The CRM sent no answer. Start again below.',
  'not-allowed': 'Only an admin can connect a CRM. Ask one, or sign in with an account of your own.',
  failed: "Lanekeeper could not use the CRM's answer. Start again below; the server log has details.",
}

export function ConnectPage() {
  const search = useSearch({ strict: false }) as ConnectSearch
  const { data: options, error, refetch } = useQuery(connectOptionsQuery)
  return (
    <Stack gap={14} className="connect">
      <div>
        <p className="crumbs">
          <Link to="/connections">Connections</Link>
        </p>
        <h1 className="flush">{search.again ? 'Reconnect a CRM' : 'Connect a CRM'}</h1>
      </div>
      {search.refused && (
        <Notice tone="stop" title="Sign-in failed" isUrgent>
          <p>{REFUSED[search.refused] ?? REFUSED.failed}</p>
        </Notice>
      )}
      {error && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {!options && !error && <Loader className="boot" aria-label="Loading" />}
      {options?.sandbox && <SandboxNotice />}
      {options && <Choices search={search} options={options} />}
    </Stack>
  )
}

function Choices({ search, options }: { search: ConnectSearch; options: ConnectOptions }) {
  const { crm, again } = search
  const kinds = crm ? KIND_CHOICES[crm] : []
  const kind = kinds.find(({ key }) => key === search.kind)?.key
  return (
    <>
      <Text fz={15}>
        It takes about ten minutes and admin rights. Lanekeeper imports nothing until you have seen its permissions and
        started the import.
      </Text>
      <Choice
        label="CRM"
        of={CRM_CHOICES.map((one) => ({ ...one, search: { crm: one.key } }))}
        chosen={crm}
        again={again}
      />
      {crm && (
        <Choice
          label="Authentication"
          of={kinds.map((one) => ({ ...one, search: { crm, kind: one.key } }))}
          chosen={kind}
          again={again}
        />
      )}
      {kind && <ConnectSteps key={kind} kind={kind} options={options} again={again ?? null} />}
    </>
  )
}

/** With the sandbox running, the steps can be read, but the form is disabled. */
function ConnectSteps({ kind, options, again }: { kind: string; options: ConnectOptions; again: string | null }) {
  return (
    <Fieldset variant="unstyled" disabled={options.sandbox}>
      {kind.startsWith('hubspot') ? (
        <ConnectHubSpot kind={kind as HubSpotKind} options={options} again={again} />
      ) : (
        <ConnectSalesforce kind={kind as SalesforceKind} options={options} again={again} />
      )}
    </Fieldset>
  )
}

function SandboxNotice() {
  return (
    <Notice tone="warn" title="Sandbox CRMs are running">
      <p>
        Lanekeeper started without your CRM, so it runs its own HubSpot and Salesforce sandboxes. Each start creates new
        data and deletes connections.
      </p>
      <p>
        <strong>What to do:</strong> to connect your CRM, stop Lanekeeper and run <code>npm start -- --own</code>. You
        can read the steps below now.
      </p>
    </Notice>
  )
}

type ChoiceProps = {
  label: string
  of: readonly { key: string; title: string; description: string; search: ConnectSearch }[]
  chosen: string | undefined
  again: string | undefined
}

function Choice({ label, of, chosen, again }: ChoiceProps) {
  return (
    <nav aria-label={label}>
      <h2>{label}</h2>
      <SimpleGrid cols={{ base: 1, sm: of.length }} spacing={10} mt={8}>
        {of.map(({ key, title, description, search }) => (
          <Paper
            key={key}
            className="choice"
            px={16}
            py={12}
            renderRoot={(props) => (
              <Link
                to="/connections/new"
                search={{ ...search, ...(again && { again }) }}
                aria-current={key === chosen ? 'true' : undefined}
                resetScroll={false}
                {...props}
              />
            )}
          >
            <strong>{title}</strong>
            <Text size="sm" c="dimmed">
              {description}
            </Text>
          </Paper>
        ))}
      </SimpleGrid>
    </nav>
  )
}
