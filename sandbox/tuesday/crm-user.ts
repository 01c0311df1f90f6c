import type { Label } from '../world/records/world.ts'
import type { HubSpotAddress, SalesforceAddress } from './sandbox-addresses.ts'

/** A user of each CRM. Changes go through the public APIs and count as that user's. */
export type HubSpotUser = {
  call<T>(method: string, path: string, body?: unknown): Promise<T>
  /** Changes that only the control path offers, not the public API. */
  control<T>(method: string, path: string, body?: unknown): Promise<T>
}

export type SalesforceUser = {
  query<T>(soql: string): Promise<T[]>
  create(object: string, fields: Readonly<Record<string, unknown>>): Promise<string>
  update(object: string, id: string, fields: Readonly<Record<string, unknown>>): Promise<void>
  remove(object: string, id: string): Promise<void>
  control<T>(method: string, path: string, body?: unknown): Promise<T>
}

const VERSION = 'v67.0'
const ATTEMPTS_MAX = 40
/** Retries answers that mean "later": rate limits, and rows that an integration is writing right now. */
const LATER = new Set([423, 429, 502, 503])

async function send(url: string, method: string, headers: Record<string, string>, body: unknown): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(url, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    })
    const text = await response.text()
    if (response.ok) return text === '' ? undefined : JSON.parse(text)
    if ((!LATER.has(response.status) && !text.includes('UNABLE_TO_LOCK_ROW')) || attempt === ATTEMPTS_MAX) {
      throw new Error(`${method} ${url} was refused with ${response.status}: ${text.slice(0, 400)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

export function hubspotUser(address: HubSpotAddress): HubSpotUser {
  return {
    call: (method, path, body) =>
      send(
        `${address.baseUrl}${path}`,
        method,
        { authorization: `Bearer ${address.userToken}` },
        body,
      ) as Promise<never>,
    control: (method, path, body) => control(address.baseUrl, address.controlSecret, method, path, body),
  }
}

export async function salesforceUser(address: SalesforceAddress): Promise<SalesforceUser> {
  const answer = await fetch(`${address.loginUrl}/services/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: address.userClientId,
      client_secret: address.userClientSecret,
    }),
    signal: AbortSignal.timeout(30_000),
  })
  if (!answer.ok) throw new Error(`The Salesforce sandbox gave no token: ${answer.status} ${await answer.text()}`)
  const { access_token: token } = (await answer.json()) as { access_token: string }
  const call = (method: string, path: string, body?: unknown) =>
    send(
      `${address.instanceUrl}${path}`,
      method,
      // Without it the org's assignment rule would reassign every lead that we write.
      { authorization: `Bearer ${token}`, 'sforce-auto-assign': 'FALSE' },
      body,
    )
  const sobjects = `/services/data/${VERSION}/sobjects`
  return {
    async query<T>(soql: string) {
      const rows: T[] = []
      let path: string | null = `/services/data/${VERSION}/query?q=${encodeURIComponent(soql)}`
      while (path !== null) {
        const page = (await call('GET', path)) as { records: T[]; done: boolean; nextRecordsUrl?: string }
        rows.push(...page.records)
        path = page.done ? null : (page.nextRecordsUrl ?? null)
      }
      return rows
    },
    create: async (object, fields) => ((await call('POST', `${sobjects}/${object}`, fields)) as { id: string }).id,
    update: async (object, id, fields) => void (await call('PATCH', `${sobjects}/${object}/${id}`, fields)),
    remove: async (object, id) => void (await call('DELETE', `${sobjects}/${object}/${id}`)),
    control: (method, path, body) => control(address.instanceUrl, address.controlSecret, method, path, body),
  }
}

function control(baseUrl: string, secret: string, method: string, path: string, body: unknown): Promise<never> {
  return send(`${baseUrl}/__sandbox${path}`, method, { 'x-sandbox-control': secret }, body) as Promise<never>
}

/** Each CRM keeps the labels of its own records. */
export async function register(
  labels: readonly Label[],
  hubspot: HubSpotUser,
  salesforce: SalesforceUser,
): Promise<void> {
  for (const [crm, user] of [
    ['hubspot', hubspot],
    ['salesforce', salesforce],
  ] as const) {
    const its = labels.filter((label) => label.crm === crm)
    if (its.length > 0) await user.control('POST', '/labels', { labels: its })
  }
}
