import type { AccessNeeds } from './crm-setup.ts'

/** Files that make our app in an account, where the CRM takes such. */
export type AppProject = {
  /** Throws `AppProjectError`. */
  files(options: AppProjectOptions): readonly { readonly path: string; readonly content: string }[]
}

export type AppProjectOptions = {
  readonly login: 'static' | 'oauth'
  /** Where the CRM sends notifications; null: it is polled. */
  readonly webhookUrl: string | null
  /** Where a login comes back to. */
  readonly redirectUrl: string | null
  readonly needs: AccessNeeds
}

/** The CRM would refuse an address in the files; the message says which one it takes. */
export class AppProjectError extends TypeError {
  override readonly name: string = 'AppProjectError'
}
