import type { Crm } from '../model/record/change-event.ts'
import type { CrmProfile } from '../model/record/crm-profile.ts'
import type { HostRule } from './allowed-hosts.ts'
import type { AppProject } from './app-project.ts'
import type { ConnectForm } from './connect-form.ts'
import type { CrmClient } from './crm-client.ts'
import type { CrmPages } from './crm-pages.ts'
import type { AccessNeeds, CrmSetup } from './crm-setup.ts'
import type { CrmStream } from './crm-stream.ts'
import type { CrmTerritories } from './crm-territories.ts'
import type { CrmWebhook } from './crm-webhook.ts'
import type { Authorization, CrmAddress, EntryProblem, Grant, OpenOptions } from './grant.ts'

/**
 * Everything that the product needs to work with one kind of CRM. A new CRM is a folder that exports one of these, and a
 * line in the registry.
 */
export type CrmAdapter = {
  readonly profile: CrmProfile
  readonly grants: GrantRules
  /** What is wrong with an address that an admin entered, or that a CRM named. Tokens go only to addresses without one. */
  addressProblems(address: CrmAddress, rule: HostRule): EntryProblem[]
  /** Asks the CRM nothing by itself. */
  open(options: OpenCrmOptions): OpenedCrm
  /** The login of a person in a browser. Null: a grant of this kind needs none. */
  authorization(options: AuthorizationOptions): Authorization | null
  /** Why the CRM would never send a browser back to this address, with what to do. Null: it would. */
  redirectProblem(redirectUri: string): string | null
  readonly pages: CrmPages
  /** Null: the CRM does not call us. */
  readonly webhook: CrmWebhook | null
  readonly form: ConnectForm
  /** Null: the CRM takes no files that make our app in an account. */
  readonly appProject: AppProject | null
}

/** What is in a grant, and what follows from it. Where a grant is kept is not for an adapter to know. */
export type GrantRules = {
  /** The kinds of grant that lead to this CRM. */
  readonly kinds: readonly string[]
  /** Kinds whose tokens come from a person logging in at the CRM. */
  readonly kindsWithLogin: readonly string[]
  /** What is wrong with a grant as far as that can be seen without asking the CRM. Never repeats a secret. */
  problems(grant: Grant, address: CrmAddress): EntryProblem[]
  /** How changes reach us; `webhookUrl` null: the CRM cannot call us. */
  feed(grant: Grant, webhookUrl: string | null): CrmProfile['usualFeed']
  /** With a client secret added, the older ones retired, or both. */
  withClientSecret(grant: Grant, change: SecretChange): { readonly grant: Grant } | { readonly problem: EntryProblem }
}

export type SecretChange = { readonly add?: string; readonly retireOld?: boolean }

export type OpenCrmOptions = OpenOptions<Grant> & {
  /** Which hosts may be given tokens besides the vendor's own. */
  readonly hostRule: HostRule
}

export type OpenedCrm = {
  readonly client: CrmClient
  readonly setup: CrmSetup
  /** Null: no change stream is to be held open. */
  readonly stream: CrmStream | null
  /** Null: the CRM assigns no records to territories. */
  readonly territories: CrmTerritories | null
}

export type AuthorizationOptions = {
  readonly grant: Grant
  readonly address: CrmAddress
  readonly needs: AccessNeeds
  readonly hostRule: HostRule
  readonly nowMs: () => number
}

/** A connection that the settings of this machine ask for. */
export type EnvironmentGrant = {
  readonly crm: Crm
  readonly grant: Grant
  readonly address: CrmAddress
  readonly webhookUrl: string | null
}
