import type { BenchRow } from './bench-row.ts'
import type { ByProcess } from './stack-use.ts'

/** One part of the work. */
export type MillionPhase = { readonly seconds: number; readonly cpuS: ByProcess }
/** What one run measured. */
export type MillionRun = {
  readonly records: number
  readonly imported: MillionPhase
  readonly decided: MillionPhase
  readonly scanned: MillionPhase & { readonly rssMb: number; readonly summary: string }
  /** Every record compared with the CRMs, as the button "Compare now" does. */
  readonly compared: MillionPhase & { readonly differences: number; readonly calls: Readonly<Record<string, number>> }
  readonly rssMb: ByProcess
  readonly calls: Readonly<Record<string, number>>
  readonly cases: number
  readonly databaseMb: number
}

/** The CRMs' published limits, or none: what waiting for HubSpot costs. */
export type MillionLimits = 'limits as in reality' | 'without limits of the CRM'

const BUDGET = '< 10 min for 1,000,000 with the scan, RSS of each process < 512 MB; 10x records, <= 11x time'

/** The report's rows of one run; `smaller` is the run of fewer records before it. */
export function rowsOf(run: MillionRun, smaller: MillionRun | null, limits: MillionLimits): BenchRow[] {
  const size = `${run.records.toLocaleString('en-US')} records, ${limits}`
  const total = (of: MillionRun) => of.imported.seconds + of.decided.seconds + of.scanned.seconds
  const growth = (seconds: number, before: number | undefined) =>
    before === undefined || smaller === null
      ? ''
      : `, ${(seconds / before).toFixed(1)}x the time of ${(run.records / smaller.records).toFixed(1)}x fewer records`
  const phase = (of: MillionPhase, before: MillionPhase | undefined) => {
    const cpu = Object.entries(of.cpuS).map(([name, seconds]) => `${name} ${Math.round(seconds)} s`)
    return (
      `${of.seconds.toFixed(1)} s, ${Math.round(run.records / of.seconds).toLocaleString('en-US')} records/s` +
      `${growth(of.seconds, before?.seconds)}; processor: ${cpu.join(', ')}`
    )
  }
  const bound =
    limits === 'limits as in reality' && run.calls.hubspot !== undefined
      ? `; HubSpot: ${(run.calls.hubspot / run.imported.seconds).toFixed(1)} calls/s of the 15.2 that are our share`
      : ''
  return [
    {
      what: `first import of ${size}`,
      budget: BUDGET,
      measured: phase(run.imported, smaller?.imported) + bound,
    },
    {
      what: `every decision of ${size}`,
      budget: '(in the above)',
      measured: `${phase(run.decided, smaller?.decided)}; ${run.cases.toLocaleString('en-US')} cases`,
    },
    {
      what: `scan of ${size}`,
      budget: '(in the above)',
      measured: `${run.scanned.seconds.toFixed(1)} s${growth(run.scanned.seconds, smaller?.scanned.seconds)}, RSS ${run.scanned.rssMb} MB`,
    },
    {
      what: `comparing all of ${size}`,
      budget: '(at night, none of its own)',
      measured: `${phase(run.compared, smaller?.compared)}; ${run.compared.differences} out of sync; calls ${inWords(run.compared.calls)}`,
    },
    {
      what: `together: ${size}`,
      budget: BUDGET,
      measured:
        `${total(run).toFixed(0)} s${growth(total(run), smaller ? total(smaller) : undefined)}; RSS at most ` +
        `${Object.entries(run.rssMb)
          .map(([name, mb]) => `${name} ${mb} MB`)
          .join(', ')}; calls ${inWords(run.calls)}; database ${Math.round(run.databaseMb).toLocaleString('en-US')} MB`,
    },
  ]
}

function inWords(calls: Readonly<Record<string, number>>): string {
  return Object.entries(calls)
    .map(([crm, n]) => `${crm} ${n.toLocaleString('en-US')}`)
    .join(', ')
}
