import { decide } from '../src/model/decision/decide.ts'
import type { Policy } from '../src/model/policy/policy.ts'
import type { ConnectionId } from '../src/model/record/change-event.ts'
import type { CrmRecord } from '../src/model/record/crm-record.ts'
import type { Directory } from '../src/model/record/crm-user.ts'
import { benchPolicy, COUNTRIES } from './bench-policy.ts'
import type { BenchRow } from './bench-row.ts'

const RECORDS = 100_000
const NOW_MS = Date.parse('2026-11-24T09:00:00Z')
const CONNECTION = 'hubspot-1' as ConnectionId

/** How many records one core decides per second in the pure core, with a table of 50 rules and every pattern on. */
export function benchDecideCore(): BenchRow[] {
  const policy = benchPolicy(50)
  return [
    measure('records without a finding', policy, () => 'user-1'),
    measure('records that a rule routes, looked at as it would leave them', policy, () => null),
    measure('records that a rule would take from the owner of their account', policy, () => null, account),
    measure('records of somebody who left', policy, () => 'user-gone'),
    costOfLookingAhead(policy),
  ]
}

/** The same records under the same rules, by a workflow that writes and by one that only observes, in turns. */
function costOfLookingAhead(policy: Policy): BenchRow {
  const records = Array.from({ length: RECORDS }, (_, n) => record(n, null))
  const neighbours = { account: null, deals: [], matches: [] }
  const secondsOf = (mode: Policy['mode']) => {
    const version = versions[mode === 'live' ? 0 : 1]!
    const from = performance.now()
    for (const each of records) decide({ record: each, neighbours, directory, version, nowMs: NOW_MS })
    return (performance.now() - from) / 1_000
  }
  const versions = (['live', 'observe'] as const).map((mode) => ({ hash: mode, policy: { ...policy, mode } }))
  const ratios = Array.from({ length: 5 }, () => secondsOf('live') / secondsOf('observe')).slice(1)
  ratios.sort((a, b) => a - b)
  return {
    what: 'decide, 50-rule table: a record that a rule routes, looked at ahead, beside one that is only observed',
    budget: '(no budget of its own: time per record)',
    measured: `${ratios[2]!.toFixed(2)}x`,
  }
}

function measure(
  what: string,
  policy: Policy,
  ownerOf: (n: number) => string | null,
  account: CrmRecord | null = null,
): BenchRow {
  const version = { hash: 'bench', policy }
  const records = Array.from({ length: RECORDS }, (_, n) => record(n, ownerOf(n)))
  const neighbours = { account, deals: [], matches: [] }
  const rates: number[] = []
  for (let round = 0; round < 4; round += 1) {
    const from = performance.now()
    for (const each of records) decide({ record: each, neighbours, directory, version, nowMs: NOW_MS })
    const seconds = (performance.now() - from) / 1_000
    // The first round only warms up the compiler.
    if (round > 0) rates.push(RECORDS / seconds)
  }
  rates.sort((a, b) => a - b)
  return {
    what: `decide, 50-rule table: ${what}`,
    budget: '>= 500,000 records/s',
    measured: `${Math.round(rates[1]!).toLocaleString('en-US')} records/s`,
  }
}

const directory: Directory = {
  user: (connectionId, userId) => ({
    connectionId,
    userId,
    kind: 'person',
    email: `${userId}@x.example`,
    name: userId,
    active: userId !== 'user-gone',
    activeMembers: 0,
    timeZone: 'Europe/Berlin',
  }),
  isGone: () => false,
  personByEmail: (connectionId, email) => directory.user(connectionId, email.split('@')[0]!),
  peopleByEmail: () => [],
  queuesByName: () => [],
  isFrozen: () => false,
  openTasks: () => 0,
  emailsOf: (email) => [email],
}

/** Somebody owns it to whom no rule gives anything. */
const account: CrmRecord = {
  ...record(0, 'user-account'),
  objectType: 'companies',
  recordId: 'account',
  values: { name: 'Firm', domain: 'firm.example', hubspot_owner_id: 'user-account', country: 'DE' },
}

function record(n: number, owner: string | null): CrmRecord {
  const values = {
    firstname: 'Ann',
    lastname: `Lee ${n}`,
    email: `ann.${n}@firm${n % 997}.example`,
    country: COUNTRIES[n % COUNTRIES.length]!,
    company: `Firm ${n % 997}`,
    numemployees: String((n * 37) % 5_000),
    lifecyclestage: 'lead',
    hs_lead_status: 'OPEN',
    hubspot_owner_id: owner,
    createdate: '2026-10-01T08:00:00.000Z',
  }
  const atMs = Date.parse('2026-11-20T08:00:00Z')
  return {
    connectionId: CONNECTION,
    crm: 'hubspot',
    objectType: 'contacts',
    recordId: String(n),
    values,
    stamps: Object.fromEntries(Object.keys(values).map((field) => [field, { atMs, order: 0 }])),
    ownerHistory: [],
    deleted: false,
    mergedInto: null,
    unreadable: new Set(),
  }
}
