import { queryOptions } from '@tanstack/react-query'
import type { ConnectOptionsReply } from '../../../src/api/connections/connect-types.ts'
import type { HubSpotOptions, HubSpotRequest } from '../../../src/crm/hubspot/connect-form.ts'
import type { SalesforceOptions, SalesforceRequest } from '../../../src/crm/salesforce/connect-form.ts'
import { call } from '../server/api.ts'

/** What the forms have to know first: the server's reply, with what the adapter of each CRM adds to it. */
export type ConnectOptions = ConnectOptionsReply & {
  readonly hubspot: HubSpotOptions
  readonly salesforce: SalesforceOptions
}

/** What the forms send to begin a connection. */
export type NewDraftInput = HubSpotRequest | SalesforceRequest

export const connectOptionsQuery = queryOptions({
  queryKey: ['console', 'connect-options'],
  queryFn: ({ signal }) => call<ConnectOptions>('/api/console/connect-options', { signal }),
  staleTime: 60_000,
  refetchInterval: false,
})
