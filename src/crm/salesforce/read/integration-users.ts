import { CrmRefusedError } from '../../crm-client.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { everyRow, type Row, text } from '../rest/query.ts'

/** Licences that Salesforce sells or gives for programs alone. Their users often have an admin's e-mail. */
const LICENSES: ReadonlySet<string> = new Set([
  'Salesforce Integration',
  'Analytics Cloud Integration User',
  'Cloud Integration User',
  'Sales Insights Integration User',
  'SalesforceIQ Integration User',
])

const FIELDS = ['Profile.PermissionsApiUserOnly', 'Profile.UserLicense.Name']

/** Rows of `User` with what tells programs from people, where our user may see profiles, and without it elsewhere. */
export async function readUserRows(
  call: SalesforceCall,
  fields: readonly string[],
  where: { readonly where?: string },
): Promise<Row[]> {
  try {
    return await everyRow(call, { fields: [...fields, ...FIELDS], from: 'User', ...where })
  } catch (error) {
    if (!(error instanceof CrmRefusedError)) throw error
    return everyRow(call, { fields, from: 'User', ...where })
  }
}

/** Whether only a program signs in as that user: by its licence, or because its profile allows the API only. */
export function isIntegration({ Profile: profile }: Row): boolean | null {
  if (!isRow(profile)) return null
  if (profile.PermissionsApiUserOnly === true) return true
  const license = isRow(profile.UserLicense) ? text(profile.UserLicense.Name) : null
  if (license !== null && LICENSES.has(license)) return true
  return profile.PermissionsApiUserOnly === false ? false : null
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null
}
