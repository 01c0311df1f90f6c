import { createPrivateKey } from 'node:crypto'
import type { CrmAddress, Grant } from '../crm/grant.ts'
import type { Crm } from '../model/record/change-event.ts'
import { UnknownCrmError } from '../model/record/crm-profile.ts'
import type { FieldProblem } from './errors.ts'

/** RFC 7518 3.3 asks for 2048 bits with RS256. */
const RSA_BITS_MIN = 2_048

/** What is wrong with an entered grant, as far as that can be seen without asking the CRM. Never repeats a secret. */
export function grantProblems(crm: Crm, grant: Grant, address: CrmAddress): FieldProblem[] {
  const problems: FieldProblem[] = []
  const wrong = (field: string, message: string) => void problems.push({ field, message })
  if (!grant.kind.startsWith(crm)) {
    wrong('kind', `A grant of the kind "${grant.kind}" does not belong to ${crm}.`)
    return problems
  }
  const version = VERSIONS.get(crm)
  if (version === undefined) throw new UnknownCrmError(crm)
  if (!version.pattern.test(address.apiVersion)) {
    wrong('apiVersion', `"${address.apiVersion.slice(0, 40)}" is not an API version: use ${version.example}.`)
  }
  const secret = (field: string, name: string, value: string) => {
    if (value === '') wrong(field, `Enter the ${name}.`)
    // It stands in headers and forms; a line break in it comes from copying.
    else if (!/^[\x21-\x7e]+$/.test(value)) {
      wrong(field, `The ${name} holds a blank, a line break or a letter that none has: copy it again.`)
    }
  }
  switch (grant.kind) {
    case 'hubspot-token':
    case 'hubspot-oauth':
      if (grant.kind === 'hubspot-token') secret('token', 'access token of the app', grant.token)
      else {
        secret('clientId', 'client ID of the app', grant.clientId)
        if (grant.clientSecrets.length === 0) wrong('clientSecret', 'Enter the client secret of the app.')
      }
      for (const one of grant.clientSecrets) secret('clientSecret', 'client secret of the app', one)
      if (grant.appId !== null && !/^\d{1,20}$/.test(grant.appId)) {
        wrong('appId', 'The app ID is a number; HubSpot shows it on the page of the app.')
      }
      break
    case 'salesforce-client-credentials':
      secret('clientId', 'consumer key', grant.clientId)
      secret('clientSecret', 'consumer secret', grant.clientSecret)
      break
    case 'salesforce-pkce':
      secret('clientId', 'consumer key', grant.clientId)
      if (grant.clientSecret !== null) secret('clientSecret', 'consumer secret', grant.clientSecret)
      break
    case 'salesforce-jwt': {
      secret('clientId', 'consumer key', grant.clientId)
      secret('username', 'user name', grant.username)
      const keyProblem = problemOfKey(grant.privateKey)
      if (keyProblem !== null) wrong('privateKey', keyProblem)
      break
    }
  }
  return problems
}

const VERSIONS: ReadonlyMap<Crm, { readonly pattern: RegExp; readonly example: string }> = new Map([
  ['hubspot', { pattern: /^\d{4}-\d{2}$/, example: '2026-03' }],
  ['salesforce', { pattern: /^\d{2,3}\.0$/, example: '67.0' }],
])

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
