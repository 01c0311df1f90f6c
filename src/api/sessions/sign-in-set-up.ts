import { isLoopback } from '../../crm/allowed-hosts.ts'
import type { Mailer } from '../../mail/send-mail.ts'
import type { Provider } from '../../people/sign-in-provider.ts'
import type { Database } from '../../store/database/database.ts'
import type { SandboxAddresses } from '../../store/people/sign-in-cast.ts'

/** How people can sign in on this installation. */
export type SignInSetUp = {
  /** Of the CRMs of this start, while nobody but this machine reaches us. */
  readonly sandbox: SandboxAddresses
  readonly mailer: Mailer | null
  readonly provider: Provider | null
}

/** What the routes about signing in are given. */
export type SessionRoutes = { readonly db: Database; readonly publicUrl: string; readonly signIn: SignInSetUp }

/** Links alone. */
export const LINKS_ONLY: SignInSetUp = { sandbox: null, mailer: null, provider: null }

/**
 * The sandbox lets anybody be anybody, so it must not be reachable: not by its address, not by the address that people
 * were given, and not where one of its CRMs is on another machine.
 */
export function sandboxAddresses(of: {
  readonly sandbox: 'auto' | 'on' | 'off'
  readonly host: string
  readonly publicUrl: string
  readonly crms: readonly string[]
}): SandboxAddresses {
  const isLocal = isLoopback(of.host) && isLoopback(new URL(of.publicUrl).hostname)
  const local = of.crms.filter((url) => isLoopback(new URL(url).hostname))
  return of.sandbox === 'on' && isLocal && local.length > 0 ? local : null
}
