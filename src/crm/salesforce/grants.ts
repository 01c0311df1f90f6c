import { createPrivateKey } from 'node:crypto'
import type { GrantRules, SecretChange } from '../crm-adapter.ts'
import type { CrmAddress, EntryProblem, SalesforceGrant } from '../grant.ts'
import { secretProblems, versionProblems } from '../secret-text.ts'

export const SALESFORCE_GRANTS: GrantRules = {
  kinds: ['salesforce-client-credentials', 'salesforce-pkce', 'salesforce-jwt'],
  kindsWithLogin: ['salesforce-pkce'],
  problems: (grant, address) => problems(grant as SalesforceGrant, address),
  feed: () => 'stream',
  withClientSecret: (grant, change) => withClientSecret(grant as SalesforceGrant, change),
}

function problems(grant: SalesforceGrant, address: CrmAddress): EntryProblem[] {
  const found = versionProblems(address.apiVersion, /^\d{2,3}\.0$/, '67.0')
  found.push(...secretProblems('clientId', 'consumer key', grant.clientId))
  switch (grant.kind) {
    case 'salesforce-client-credentials':
      found.push(...secretProblems('clientSecret', 'consumer secret', grant.clientSecret))
      break
    case 'salesforce-pkce':
      if (grant.clientSecret !== null) {
        found.push(...secretProblems('clientSecret', 'consumer secret', grant.clientSecret))
      }
      break
    case 'salesforce-jwt': {
      found.push(...secretProblems('username', 'user name', grant.username))
      const message = problemOfKey(grant.privateKey)
      if (message !== null) found.push({ field: 'privateKey', message })
      break
    }
  }
  return found
}

/** RFC 7518 3.3 asks for 2048 bits with RS256. */
const RSA_BITS_MIN = 2_048

function problemOfKey(pem: string): string | null {
  let key: ReturnType<typeof createPrivateKey>
  try {
    key = createPrivateKey({ key: pem, format: 'pem' })
  } catch {
    return 'This is no private key: paste the whole PEM file, from BEGIN PRIVATE KEY to END PRIVATE KEY, without a passphrase.'
  }
  if (key.asymmetricKeyType !== 'rsa') return 'Salesforce takes RSA keys only: make one with openssl genrsa 2048.'
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  return bits < RSA_BITS_MIN ? `The key has ${bits} bits; ${RSA_BITS_MIN} are needed.` : null
}

function withClientSecret(grant: SalesforceGrant, { add }: SecretChange): ReturnType<GrantRules['withClientSecret']> {
  if (grant.kind !== 'salesforce-jwt') return { grant: add === undefined ? grant : { ...grant, clientSecret: add } }
  const message = 'This connection logs in with a private key: connect it again with the new one.'
  return { problem: { field: 'clientSecret', message } }
}
