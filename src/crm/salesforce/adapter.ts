import type { AuthorizationOptions, CrmAdapter, OpenCrmOptions, OpenedCrm } from '../crm-adapter.ts'
import type { Authorization, SalesforceGrant } from '../grant.ts'
import { CHANGE_EVENTS_TOPIC } from './access/stream-access.ts'
import { SALESFORCE_FORM } from './connect-form.ts'
import { SALESFORCE_GRANTS } from './grants.ts'
import { addressProblems, hostsFor } from './hosts.ts'
import { openSalesforce, salesforceAuthorization } from './open.ts'
import { SALESFORCE_PAGES } from './pages.ts'
import { SALESFORCE } from './profile.ts'
import { subscribe } from './stream/subscribe.ts'

export const SALESFORCE_ADAPTER: CrmAdapter = {
  profile: SALESFORCE,
  grants: SALESFORCE_GRANTS,
  addressProblems,
  open,
  authorization,
  redirectProblem: () => null,
  pages: SALESFORCE_PAGES,
  webhook: null,
  form: SALESFORCE_FORM,
  appProject: null,
}

function open({ grant, hostRule, ...options }: OpenCrmOptions): OpenedCrm {
  const { address } = options
  const allowsHost = hostsFor(hostRule, address)
  const { client, setup } = openSalesforce({ ...options, grant: grant as SalesforceGrant, allowsHost })
  const { pubsubAddress } = address
  return {
    client,
    setup,
    stream:
      pubsubAddress === null
        ? null
        : {
            subscribe: (stream) => subscribe({ ...stream, address: pubsubAddress, topic: CHANGE_EVENTS_TOPIC, client }),
          },
    territories: { list: () => client.territories(), assignments: client.assignments },
  }
}

function authorization({ grant, address, hostRule, nowMs }: AuthorizationOptions): Authorization | null {
  const entered = grant as SalesforceGrant
  if (entered.kind !== 'salesforce-pkce') return null
  return salesforceAuthorization({ grant: entered, address, allowsHost: hostsFor(hostRule, address), nowMs })
}
