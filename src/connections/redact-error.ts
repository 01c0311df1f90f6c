import { CrmBusyError, CrmReconnectError, CrmRefusedError, CrmUnknownError } from '../crm/crm-client.ts'
import { withoutSecrets } from './redact.ts'

/**
 * What a CRM said, as an error that people may be shown: of the same kind, by which others decide, with the secrets taken
 * out, and without the error that it came from, which has them. Any other error is not the CRM's words and stays.
 */
export function errorWithoutSecrets(error: unknown, secrets: readonly unknown[]): unknown {
  const clean = (text: string) => withoutSecrets(text, secrets)
  if (error instanceof CrmReconnectError) return new CrmReconnectError(clean(error.message), clean(error.remedy))
  if (error instanceof CrmBusyError) return new CrmBusyError(clean(error.message), error.retryAtMs)
  if (error instanceof CrmRefusedError)
    return new CrmRefusedError(clean(error.message), clean(error.code), error.status)
  if (error instanceof CrmUnknownError) return new CrmUnknownError(clean(error.message), { status: error.status })
  return error
}
