import { CrmRefusedError, CrmUnknownError } from '../../crm-client.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { query } from '../rest/query.ts'

/** What Salesforce appends to the e-mail of every user whom it copies into a sandbox, so that nobody is written to. */
const COPIED = '.invalid'
/** The same in sandboxes that were last refreshed years ago: `ann=acme.com@example.com`. */
const COPIED_BEFORE = /^([^=@]+)=([^=@]+)@example\.com$/

/**
 * The users' e-mails as they are in production: `ann@acme.com.invalid` is ann@acme.com in a sandbox org. In any other org
 * it is what it says, and so it is where Salesforce does not tell us which kind of org it is.
 */
export async function productionEmails(
  call: SalesforceCall,
  emails: readonly (string | null)[],
): Promise<(email: string) => string> {
  const isAnyCopied = emails.some((email) => email !== null && (email.endsWith(COPIED) || COPIED_BEFORE.test(email)))
  if (!isAnyCopied || !(await isSandboxOrg(call))) return (email) => email
  return (email) => (email.endsWith(COPIED) ? email.slice(0, -COPIED.length) : email.replace(COPIED_BEFORE, '$1@$2'))
}

async function isSandboxOrg(call: SalesforceCall): Promise<boolean> {
  try {
    return (await query(call, 'SELECT Id, IsSandbox FROM Organization LIMIT 1')).rows[0]?.IsSandbox === true
  } catch (error) {
    if (error instanceof CrmRefusedError || error instanceof CrmUnknownError) return false
    throw error
  }
}
