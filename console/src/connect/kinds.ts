import type { Crm } from './crms.ts'

type Choice<Key extends string = string> = { readonly key: Key; readonly title: string; readonly description: string }

export const CRM_CHOICES: readonly Choice<Crm>[] = [
  { key: 'hubspot', title: 'HubSpot', description: 'One portal: contacts, companies, deals, and the tasks we create.' },
  {
    key: 'salesforce',
    title: 'Salesforce',
    description: 'One org: leads, accounts, contacts, opportunities, and the tasks we create.',
  },
]

/** How Lanekeeper signs in, the recommended way first. */
export const KIND_CHOICES: Readonly<Record<Crm, readonly Choice[]>> = {
  hubspot: [
    {
      key: 'hubspot-token',
      title: 'App token',
      description: 'Recommended: paste one token of your own portal. It never expires.',
    },
    {
      key: 'hubspot-oauth',
      title: 'OAuth',
      description: 'If an admin must approve in HubSpot, or if tokens must expire after 30 minutes.',
    },
  ],
  salesforce: [
    {
      key: 'salesforce-client-credentials',
      title: 'Client credentials',
      description: 'Recommended: an integration user you choose, without a sign-in page.',
    },
    {
      key: 'salesforce-pkce',
      title: 'Sign in (PKCE)',
      description: 'If a user must sign in and approve on a Salesforce page.',
    },
    {
      key: 'salesforce-jwt',
      title: 'Certificate (JWT)',
      description: 'If your security policy forbids shared secrets: a key pair instead.',
    },
  ],
}
