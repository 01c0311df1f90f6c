import { decide } from '../../src/model/decision/decide.ts'
import type { Decision } from '../../src/model/decision/decision.ts'
import { knownDomain, matchKeys } from '../../src/model/matching/keys.ts'
import type { PolicyVersion } from '../../src/model/policy/policy.ts'
import { asWritten } from '../../src/model/record/as-written.ts'
import { type CrmRecord, refKey } from '../../src/model/record/crm-record.ts'
import type { Neighbours } from '../../src/model/record/neighbours.ts'
import { company, contact, directoryOf, lead, PEOPLE, record } from './example.ts'

const DAY_MS = 86_400_000
const FIRST_MS = Date.parse('2026-10-01T09:00:00Z')
const DAYS = 30
const NEW_A_DAY = 25
const FIRMS = 120
const COUNTRIES = ['Germany', 'France', 'Japan', 'Austria', null]
const REPRESENTATIVES = ['dach', 'france', 'big', 'rita']

/** What became of a month of two CRMs, each write made as soon as it was decided. */
export type Month = {
  readonly decisions: number
  readonly writes: number
  /** Writes that stayed here, because they would have made a case. */
  readonly held: number
  /** Cases that were there after a write and not before it, on the record or on one that it is compared with. */
  readonly caused: readonly string[]
  /**
   * Of two that wait and are one person the rules would give each to somebody else: the first was written, and the case
   * of the second says so. The rules disagree, whichever of the two is written.
   */
  readonly disagreed: readonly string[]
}

/** Numbers from 0 below 1, the same for the same seed (mulberry32). */
function numbersOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/**
 * People who come in by both CRMs, some of them twice, of firms that belong to their territory's representative, to
 * another one, to somebody who left, or to nobody. On the twelfth day `big` leaves, and everything is decided again.
 */
export function liveThroughMonth(seed: number, version: PolicyVersion): Month {
  const next = numbersOf(seed)
  const one = <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)]!
  const world = new World(version)
  for (let n = 0; n < FIRMS; n += 1) {
    const owner = one([...REPRESENTATIVES, ...REPRESENTATIVES, 'gone', null])
    const country = one(COUNTRIES)
    const name = `Firm ${n}`
    if (next() < 0.7)
      world.put(
        company(
          { name, domain: `firm${n}.de`, country, hubspot_owner_id: owner && `hs-${owner}` },
          { recordId: `c${n}` },
        ),
      )
    if (next() < 0.7)
      world.put(
        record(
          'salesforce',
          'Account',
          { Name: name, Website: `firm${n}.de`, OwnerId: owner && `sf-${owner}` },
          { recordId: `a${n}` },
        ),
      )
  }
  for (let day = 0; day < DAYS; day += 1) {
    world.nowMs = FIRST_MS + day * DAY_MS
    if (day === 12) world.leaves('big')
    for (let n = 0; n < NEW_A_DAY; n += 1) {
      const firm = Math.floor(next() * FIRMS)
      const person = `p${Math.floor(next() * 8)}`
      const email = next() < 0.15 ? `${person}.${firm}@gmail.com` : `${person}@firm${firm}.de`
      const created = new Date(world.nowMs - Math.floor(next() * 40) * DAY_MS).toISOString()
      const recordId = `${day}-${n}`
      const owner = next() < 0.3 ? one([...REPRESENTATIVES, 'gone']) : null
      const country = one(COUNTRIES)
      const named = { firstname: person, lastname: `Of ${firm}`, email, company: `Firm ${firm}`, country }
      world.put(
        next() < 0.5
          ? contact(
              { ...named, createdate: created, territory: null, hubspot_owner_id: owner && `hs-${owner}` },
              { recordId },
            )
          : lead(
              {
                FirstName: person,
                LastName: `Of ${firm}`,
                Email: email,
                Company: `Firm ${firm}`,
                Country: country,
                CreatedDate: created,
                OwnerId: owner === null ? 'sf-queue' : `sf-${owner}`,
              },
              { recordId },
            ),
      )
    }
    world.decideAll()
  }
  return world
}

class World implements Month {
  decisions = 0
  writes = 0
  held = 0
  readonly caused: string[] = []
  readonly disagreed: string[] = []
  nowMs = FIRST_MS
  readonly #version: PolicyVersion
  readonly #records = new Map<string, CrmRecord>()
  readonly #byKey = new Map<string, Set<string>>()
  #people = PEOPLE
  #directory = directoryOf(PEOPLE)

  constructor(version: PolicyVersion) {
    this.#version = version
  }

  put(one: CrmRecord): void {
    this.#records.set(refKey(one), one)
    for (const key of matchKeys(one)) this.#byKey.set(key, (this.#byKey.get(key) ?? new Set()).add(refKey(one)))
  }

  leaves(name: string): void {
    this.#people = this.#people.map((one) => (one.userId.endsWith(`-${name}`) ? { ...one, active: false } : one))
    this.#directory = directoryOf(this.#people)
  }

  decideAll(): void {
    for (const key of [...this.#records.keys()]) {
      const decision = this.#decide(key)
      if (decision.exceptions.some(isFoundAhead)) this.held += 1
      if (decision.write !== null) this.#write(key, decision)
    }
  }

  #write(key: string, { write }: Decision): void {
    this.writes += 1
    const beside = this.#besides(key)
    // A case that a rule is about to settle is there all the same.
    const before = this.#casesOf(beside, ['open', 'settled-by-rule'])
    this.#records.set(key, asWritten(this.#records.get(key)!, { field: write!.field, to: write!.to, atMs: this.nowMs }))
    for (const [one, isAhead] of this.#casesOf(beside, ['open'])) {
      if (!before.has(one)) (isAhead ? this.disagreed : this.caused).push(one)
    }
  }

  /** Cases, and whether each is only of what a rule would do. */
  #casesOf(keys: readonly string[], statuses: readonly string[]): Map<string, boolean> {
    const open = keys.flatMap((key) => this.#decide(key).exceptions.filter(({ status }) => statuses.includes(status)))
    return new Map(open.map((one) => [`${one.pattern} ${one.subject}`, isFoundAhead(one)]))
  }

  #decide(key: string): Decision {
    this.decisions += 1
    return decide({
      record: this.#records.get(key)!,
      neighbours: this.#neighbours(key),
      directory: this.#directory,
      version: this.#version,
      nowMs: this.nowMs,
    })
  }

  #besides(key: string): string[] {
    return [key, ...this.#neighbours(key).matches.map(({ record: other }) => refKey(other))]
  }

  #neighbours(key: string): Neighbours {
    const self = this.#records.get(key)!
    const shared = new Map<string, { key: string; holders: number }[]>()
    for (const held of matchKeys(self)) {
      const holders = this.#byKey.get(held)!
      for (const other of holders) {
        if (other !== key) shared.set(other, [...(shared.get(other) ?? []), { key: held, holders: holders.size }])
      }
    }
    const domain = knownDomain(self)
    const ofDomain = typeof domain === 'string' ? [...(this.#byKey.get(`domain:${domain}`) ?? [])] : []
    const account = ofDomain.map((one) => this.#records.get(one)!).find((one) => isAccount(one) && one.crm === self.crm)
    return {
      account: isAccount(self) ? null : (account ?? null),
      deals: [],
      matches: [...shared]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([other, keys]) => ({ record: this.#records.get(other)!, keys })),
    }
  }
}

function isFoundAhead({ wouldHave }: Decision['exceptions'][number]): boolean {
  return wouldHave?.includes('that would make this case') ?? false
}

function isAccount({ objectType }: CrmRecord): boolean {
  return objectType === 'companies' || objectType === 'Account'
}
