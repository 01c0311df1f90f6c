import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'

/** HubSpot waits this long for the answer to a batch. */
const ANSWER_WITHIN_MS = 5_000
/** HubSpot's default number of concurrent deliveries per account. */
export const IN_FLIGHT_MAX = 10

type WebhookPost = {
  send(url: string, body: Buffer, headers: Readonly<Record<string, string>>): Promise<boolean>
  close(): void
}

export function webhookPost(): WebhookPost {
  const http = new HttpAgent({ keepAlive: true, maxSockets: IN_FLIGHT_MAX })
  const https = new HttpsAgent({ keepAlive: true, maxSockets: IN_FLIGHT_MAX })
  return {
    /** True: the receiver answered 2xx in time. Everything else is a failed attempt. */
    send(url, body, headers) {
      return new Promise((resolve) => {
        const secure = url.startsWith('https:')
        const request = (secure ? httpsRequest : httpRequest)(url, {
          method: 'POST',
          agent: secure ? https : http,
          headers: { ...headers, 'content-length': String(body.length) },
          signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
        })
        request.once('response', (response) => {
          const ok = response.statusCode !== undefined && response.statusCode >= 200 && response.statusCode < 300
          response.resume()
          response.once('close', () => resolve(ok && response.complete))
        })
        request.once('error', () => resolve(false))
        request.end(body)
      })
    },
    close() {
      http.destroy()
      https.destroy()
    },
  }
}
