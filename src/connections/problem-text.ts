import { CrmBusyError, CrmReconnectError, CrmRefusedError, CrmUnknownError } from '../crm/crm-client.ts'
import { SecretUnreadableError } from '../store/secrets/secret-box.ts'
import { remedyFor } from './open-connection.ts'
import { withoutSecrets } from './redact.ts'

/**
 * A failure around connecting, as a sentence with what to do. Null: it is ours and not the CRM's, so it should be thrown.
 * `secrets`: what must not be in it, whatever the CRM has repeated in its answer.
 */
export function problemOf(error: unknown, crm: string, secrets: readonly unknown[]): string | null {
  const sentence = sentenceOf(error, crm)
  return sentence === null ? null : withoutSecrets(sentence, secrets)
}

function sentenceOf(error: unknown, crm: string): string | null {
  if (error instanceof CrmReconnectError) return `${ended(error.message)} ${error.remedy}`
  if (error instanceof CrmBusyError) return `${crm} asks us to wait: ${ended(error.message)} Try again then.`
  if (error instanceof CrmUnknownError) {
    return `${crm} gave no usable answer: ${ended(error.message)} Check the address, and try again.`
  }
  if (error instanceof CrmRefusedError) return `${crm} refused: ${ended(error.message)}`
  if (error instanceof SecretUnreadableError) return remedyFor(error)
  return null
}

function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}
