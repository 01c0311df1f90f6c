import type { Org } from '../org/org.ts'

const BUCKET_MS = 15 * 60_000
const DAY_MS = 86_400_000

/** Counts over a rolling 24 hours of the sandbox's own clock, in quarter-hour steps. */
class RollingCount {
  private readonly buckets = new Map<number, number>()
  private total = 0

  add(nowMs: number, n: number): void {
    const bucket = Math.floor(nowMs / BUCKET_MS)
    this.buckets.set(bucket, (this.buckets.get(bucket) ?? 0) + n)
    this.total += n
  }

  sum(nowMs: number): number {
    const oldest = Math.floor((nowMs - DAY_MS) / BUCKET_MS)
    for (const [bucket, n] of this.buckets) {
      if (bucket > oldest) break
      this.buckets.delete(bucket)
      this.total -= n
    }
    return this.total
  }
}

/** The usage that `/limits`, `Sforce-Limit-Info` and `/__sandbox/stats` report. */
export class UsageMeter {
  readonly requests = new Map<string, number>()
  readonly writesByClient = new Map<string, number>()
  rateLimited = 0
  streams = 0
  eventsDelivered = 0
  private readonly org: Org
  private readonly calls = new RollingCount()
  private readonly delivered = new RollingCount()

  constructor(org: Org) {
    this.org = org
  }

  countCall(route: string): void {
    this.calls.add(this.org.clock.steady(), 1)
    this.requests.set(route, (this.requests.get(route) ?? 0) + 1)
  }

  countWrite(clientId: string): void {
    this.writesByClient.set(clientId, (this.writesByClient.get(clientId) ?? 0) + 1)
  }

  countDelivered(n: number): void {
    this.eventsDelivered += n
    this.delivered.add(this.org.clock.steady(), n)
  }

  callsToday(): number {
    return this.calls.sum(this.org.clock.steady())
  }

  deliveriesLeft(): number {
    return Math.max(0, this.org.settings.deliveryLimit - this.delivered.sum(this.org.clock.steady()))
  }

  overDailyLimit(): boolean {
    return this.callsToday() >= this.org.settings.dailyLimit
  }

  limitInfo(): string {
    return `api-usage=${this.callsToday()}/${this.org.settings.dailyLimit}`
  }

  limits(): object {
    const { dailyLimit, deliveryLimit } = this.org.settings
    return {
      DailyApiRequests: { Max: dailyLimit, Remaining: Math.max(0, dailyLimit - this.callsToday()) },
      DailyBulkV2QueryJobs: { Max: 10_000, Remaining: 10_000 },
      DailyDeliveredPlatformEvents: { Max: deliveryLimit, Remaining: this.deliveriesLeft() },
      DurableStreamingApiConcurrentClients: { Max: 1_000, Remaining: 1_000 - this.streams },
      MonthlyPlatformEventsUsageEntitlement: { Max: 0, Remaining: 0 },
      DataStorageMB: { Max: 10_240, Remaining: 9_800 },
    }
  }
}
