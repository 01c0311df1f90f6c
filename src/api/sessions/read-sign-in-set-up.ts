import { environmentGrants } from '../../config/settings/environment-grants.ts'
import type { Settings } from '../../config/settings/settings.ts'
import { createMailer } from '../../mail/send-mail.ts'
import { createProvider } from '../../people/sign-in-provider.ts'
import { type SignInSetUp, sandboxAddresses } from './sign-in-set-up.ts'

/** How people sign in, from the settings of this service. */
export function signInSetUp(settings: Settings): SignInSetUp {
  const crms = environmentGrants(settings).map(({ address }) => address.baseUrl)
  return {
    sandbox: sandboxAddresses({ ...settings, crms }),
    mailer: createMailer(settings),
    provider: settings.oidc === null ? null : createProvider(settings.oidc),
  }
}
