import { z } from 'zod'
import { storable } from '../../../model/record/storable-text.ts'
import { CrmUnknownError } from '../../crm-client.ts'
import { Id, OptionalText } from '../http/answer-fields.ts'
import type { HubSpotHttp } from '../http/call.ts'
import type { HubSpotPaths } from '../http/paths.ts'

export type AccountDetails = z.output<typeof AccountAnswer>

const AccountAnswer = z
  .object({
    portalId: Id,
    timeZone: OptionalText,
    uiDomain: OptionalText,
    accountType: OptionalText,
    companyCurrency: OptionalText,
  })
  .transform(({ portalId, timeZone, uiDomain, accountType, companyCurrency }) => ({
    accountId: portalId,
    timeZone: storable(timeZone) || null,
    edition: storable(accountType).slice(0, 100) || null,
    pagesUrl: hubSpotPagesUrl(uiDomain.toLowerCase()),
    homeCurrency: /^[A-Z]{3}$/.test(companyCurrency) ? companyCurrency : null,
  }))

/** Which account the token belongs to, as HubSpot says. */
export async function readAccountDetails(http: HubSpotHttp, paths: HubSpotPaths): Promise<AccountDetails> {
  const { body } = await http({
    kind: 'read',
    method: 'GET',
    path: paths.account,
    attempt: 'read which HubSpot account the token belongs to',
  })
  const { success, data } = AccountAnswer.safeParse(body)
  if (success) return data
  throw new CrmUnknownError('HubSpot answered without saying which account this is', { status: 200 })
}

/** HubSpot's own pages only, because people follow links that begin with this. */
function hubSpotPagesUrl(uiDomain: string): string | null {
  return /^[a-z0-9-]+(\.[a-z0-9-]+)*\.hubspot\.com$/.test(uiDomain) ? `https://${uiDomain}` : null
}
