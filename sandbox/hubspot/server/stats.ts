/** Counts of calls and writes, for tests and benchmarks. */
export class CallStats {
  readonly requests: Record<string, number> = {}
  readonly writesByApp: Record<string, number> = {}
  calls = 0
  rateLimited = 0

  count(method: string, route: string): void {
    const name = `${method} ${route}`
    this.requests[name] = (this.requests[name] ?? 0) + 1
    this.calls += 1
  }

  countWrite(appKey: string): void {
    this.writesByApp[appKey] = (this.writesByApp[appKey] ?? 0) + 1
  }
}
