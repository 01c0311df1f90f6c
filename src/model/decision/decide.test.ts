import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  ALONE,
  at,
  company,
  contact,
  daysAgo,
  directoryOf,
  hoursAgoMs,
  lead,
  matching,
  NOW_MS,
  PEOPLE,
  POLICY,
  record,
  versionOf,
} from '../../../test/support/example.ts'
import { canonicalJson } from '../policy/canonical.ts'
import type { ClassRule, Policy } from '../policy/policy.ts'
import { type CrmRecord, refKey } from '../record/crm-record.ts'
import { inputKey } from '../record/knowledge.ts'
import type { Neighbours } from '../record/neighbours.ts'
import { unknownInWords } from '../rules/unknown-in-words.ts'
import { decide } from './decide.ts'
import type { DecideInput, Decision } from './decision.ts'

function decided(
  subject: CrmRecord,
  over: { policy?: Partial<Policy>; neighbours?: Partial<Neighbours> } & Partial<
    Pick<DecideInput, 'directory' | 'nowMs' | 'refused'>
  > = {},
) {
  return decide({
    record: subject,
    neighbours: { ...ALONE, ...over.neighbours },
    directory: over.directory ?? directoryOf(),
    version: versionOf(over.policy),
    refused: over.refused ?? null,
    nowMs: over.nowMs ?? NOW_MS,
  })
}

/** What the decision misses, and the patterns that have not answered for the want of it. */
function missing({ unknown, undecided }: Pick<Decision, 'unknown' | 'undecided'>) {
  return { inputs: unknown?.inputs.map(inputKey), open: undecided === 'all' ? undecided : [...undecided] }
}

const waiting = (values = {}) => contact({ hubspot_owner_id: null, territory: null, ...values })

describe('decide', () => {
  it('has nothing to say about a record that is in order', () => {
    const nothing = { exceptions: [], write: null, unknown: null, undecided: new Set(), wake: null }
    assert.deepEqual(decided(contact()), { inScope: true, ...nothing })
  })

  it('leaves alone what is out of scope, deleted, merged away, converted or not watched', () => {
    for (const subject of [
      contact({ lifecyclestage: 'other', company: null }),
      contact({ company: null }, { deleted: true }),
      contact({ company: null }, { mergedInto: '7' }),
      lead({ Company: null, IsConverted: 'true' }),
      company({ country: null }),
    ]) {
      assert.equal(decided(subject).inScope, false)
    }
  })

  it('part of M24: gives a waiting record the owner that the rule names', () => {
    const { write, exceptions } = decided(waiting())
    assert.deepEqual(exceptions, [])
    assert.equal(write?.to, 'hs-dach')
    assert.equal(write?.toEmail, at('dach'))
    assert.equal(write?.rule, 'dach')
    assert.deepEqual(write?.settles, [])
  })

  it('routes by the size of the linked account', () => {
    const neighbours = { account: company({ numberofemployees: '500', hubspot_owner_id: 'hs-big' }) }
    assert.equal(decided(waiting(), { neighbours }).write?.rule, 'dach-enterprise')
  })

  it('takes a lead out of a queue', () => {
    assert.equal(decided(lead({ OwnerId: 'sf-queue' })).write?.to, 'sf-dach')
  })

  it('writes nothing in draft, observe, or outside the slice of a pilot, and still reports', () => {
    const subject = waiting({ company: null })
    for (const policy of [
      { mode: 'draft' },
      { mode: 'observe' },
      { mode: 'pilot', pilot: { when: [{ field: 'fact.country', op: 'in', values: ['FR'] }], dailyCap: 5 } },
    ] satisfies Partial<Policy>[]) {
      const { write, exceptions } = decided(subject, { policy })
      assert.equal(write, null)
      assert.equal(exceptions.length, 1)
    }
    const pilot: Partial<Policy> = {
      mode: 'pilot',
      pilot: { when: [{ field: 'fact.country', op: 'in', values: ['DE'] }], dailyCap: 5 },
    }
    assert.equal(decided(subject, { policy: pilot }).write?.rule, 'dach')
  })

  it('acts beside an expected case, which asks for no more than a look', () => {
    const { write, exceptions } = decided(waiting({ company: null }))
    assert.equal(exceptions[0]?.posture, 'confirm')
    assert.equal(write?.rule, 'dach')
  })

  it('part of M8: does not act while a risky case is open', () => {
    const { write, exceptions } = decided(waiting({ territory: 'france' }))
    assert.deepEqual(
      exceptions.map((e) => [e.pattern, e.class, e.posture, e.status]),
      [['stale-territory', 'risky', 'hold', 'open']],
    )
    assert.equal(write, null)
  })

  it('lets a rule settle an orphaned record where the policy says so', () => {
    const { write, exceptions } = decided(contact({ hubspot_owner_id: 'hs-gone' }))
    assert.equal(exceptions[0]?.status, 'settled-by-rule')
    assert.equal(exceptions[0]?.settledByRule, 'dach')
    assert.deepEqual(write?.settles, ['orphaned-owner'])
    assert.equal(write?.from, 'hs-gone')
  })

  it('settles nothing by a rule when another open case holds the record', () => {
    const { write, exceptions } = decided(contact({ hubspot_owner_id: 'hs-gone', territory: 'france' }))
    assert.equal(write, null)
    assert.deepEqual(
      exceptions.map((e) => e.status),
      ['open', 'open'],
    )
  })

  it('does not settle with an owner who is gone as well', () => {
    const people = PEOPLE.map((p) => (p.email === at('dach') ? { ...p, active: false } : p))
    const { write, exceptions } = decided(contact({ hubspot_owner_id: 'hs-gone' }), { directory: directoryOf(people) })
    assert.equal(write, null)
    assert.equal(exceptions[0]?.status, 'open')
  })

  it('writes nothing while the CRM has not answered for the present owner or for the next one', () => {
    const unlisted = (id: string) =>
      directoryOf(PEOPLE.map((p) => (p.userId === id ? { ...p, standing: 'unlisted' as const } : p)))
    assert.equal(decided(contact({ hubspot_owner_id: 'hs-gone' }), { directory: unlisted('hs-gone') }).write, null)
    const next = decided(contact({ hubspot_owner_id: 'hs-gone' }), { directory: unlisted('hs-dach') })
    assert.equal(next.write, null)
    assert.match(next.exceptions[0]?.wouldHave ?? '', /has not answered yet whether dach@\S+ is still there\.$/)
    assert.equal(decided(waiting(), { directory: unlisted('hs-dach') }).write, null)
    const hiredToday = decided(contact({ hubspot_owner_id: 'hs-hired-today' }))
    assert.deepEqual([hiredToday.write, hiredToday.exceptions], [null, []])
  })

  it('part of M15: does not route on a size that it may not read', () => {
    const account = company({}, { unreadable: new Set(['numberofemployees']) })
    const { write, exceptions, unknown, undecided } = decided(waiting(), { neighbours: { account } })
    assert.equal(write, null)
    assert.deepEqual(exceptions, [])
    assert.deepEqual(missing({ unknown, undecided }), {
      inputs: ['hs/companies/numberofemployees/hidden'],
      // The others look at the record as a rule would leave it, and it is not known which rule that is.
      open: [
        'no-rule',
        'duplicate-ownership',
        'stale-territory',
        'orphaned-owner',
        'ownership-flapping',
        'branch-review',
      ],
    })
  })

  it('part of M15: settles nothing by a table that asks about a size which it may not read', () => {
    const account = company({}, { unreadable: new Set(['numberofemployees']) })
    const { write, exceptions } = decided(contact({ hubspot_owner_id: 'hs-gone' }), { neighbours: { account } })
    assert.equal(write, null)
    assert.deepEqual(
      exceptions.map((e) => [e.pattern, e.status]),
      [['orphaned-owner', 'open']],
    )
  })

  it('part of M15: does not route on a country of the record itself that it may not read', () => {
    const subject = contact({ hubspot_owner_id: null, territory: null }, { unreadable: new Set(['country']) })
    const { write, exceptions, ...rest } = decided(subject)
    assert.equal(write, null)
    assert.deepEqual(exceptions, [])
    assert.deepEqual(missing(rest), {
      inputs: ['hs/contacts/country/hidden'],
      open: [
        'stale-territory',
        'no-rule',
        'branch-review',
        'duplicate-ownership',
        'orphaned-owner',
        'ownership-flapping',
      ],
    })
  })

  it('part of M53: holds an unowned record whose country lost the meaning that the rules were written for', () => {
    const drifted = new Map([['country', 'retyped']] as const)
    const { write, unknown } = decided(contact({ hubspot_owner_id: null, territory: null }, { drifted }))
    assert.equal(write, null)
    assert.equal(unknownInWords(unknown!), 'country has another type in the CRM than the rules were written for')
  })

  it('part of M15: takes a scope that it cannot judge for no answer: nothing is found, and nothing found is over', () => {
    for (const kind of ['removed', 'option-removed'] as const) {
      const drifted = new Map([['lifecyclestage', kind]])
      const unreadable = new Set(kind === 'removed' ? ['lifecyclestage'] : [])
      const lifecyclestage = kind === 'removed' ? null : 'lead'
      const subject = contact({ hubspot_owner_id: null, lifecyclestage }, { drifted, unreadable })
      const { inScope, write, exceptions, ...rest } = decided(subject)
      assert.deepEqual([inScope, write, exceptions], [true, null, []])
      assert.deepEqual(missing(rest), { inputs: [`hs/contacts/lifecyclestage/${kind}`], open: 'all' })
    }
  })

  it('part of M15: writes no owner over one that it may not read', () => {
    const subject = contact({ hubspot_owner_id: null }, { unreadable: new Set(['hubspot_owner_id']) })
    const { write, ...rest } = decided(subject)
    assert.equal(write, null)
    assert.deepEqual(missing(rest).inputs, ['hs/contacts/hubspot_owner_id/hidden'])
  })

  it('sends each class to its own circle', () => {
    const deal = record('hubspot', 'deals', { amount: '60000', hs_is_closed: 'false' }, { recordId: 'd' })
    const subject = contact({ company: null })
    const of = (neighbours: Partial<Neighbours>) => {
      const [one] = decided(subject, { neighbours }).exceptions
      return [one?.class, one?.owner]
    }
    assert.deepEqual(of({}), ['expected', at('rita')])
    assert.deepEqual(of({ account: company({ lifecyclestage: 'customer' }) }), ['customer-facing', at('sena')])
    assert.deepEqual(of({ account: company(), deals: [deal] }), ['revenue-impacting', at('appa')])
  })

  it('names each exception by record and detail, and a shared cause by its class', () => {
    const subject = contact({ company: null })
    assert.equal(decided(subject).exceptions[0]?.subject, `${refKey(subject)}/company`)
    const orphan = decided(contact({ hubspot_owner_id: 'hs-gone' }), { policy: { mode: 'observe' } })
    assert.equal(orphan.exceptions[0]?.finding.cause, 'owner-inactive/hs-gone/risky')
  })

  it('asks to be called again when a grace or a window ends, and then decides otherwise', () => {
    const subject = contact({ company: null, createdate: new Date(NOW_MS - 60_000).toISOString() })
    const first = decided(subject)
    assert.deepEqual(first.exceptions, [])
    assert.equal(first.wake?.atMs, NOW_MS + 29 * 60_000)
    assert.equal(decided(subject, { nowMs: first.wake!.atMs }).exceptions.length, 1)
    const fresh = contact({ hs_lead_status: 'NEW' })
    const later = decided(fresh)
    assert.equal(decided(fresh, { nowMs: later.wake!.atMs - 1 }).exceptions.length, 0)
    assert.equal(decided(fresh, { nowMs: later.wake!.atMs }).exceptions[0]?.pattern, 'stale-field')
  })
})

describe('an owner that the CRM refused', () => {
  const refused = { to: 'hs-dach', why: 'FIELD_CUSTOM_VALIDATION_EXCEPTION: fill in the region first' }
  const write: ClassRule = { pattern: 'write-refused', when: [], class: 'risky', because: 'Somebody has to.' }
  const policy = { classes: [...POLICY.classes, write] }

  it('is not written again but is a case that quotes the CRM', () => {
    const { write, exceptions } = decided(waiting(), { refused, policy })
    assert.equal(write, null)
    assert.deepEqual(
      exceptions.map((e) => [e.pattern, e.class, e.status]),
      [['write-refused', 'risky', 'open']],
    )
    assert.match(exceptions[0]!.finding.what, /the CRM refused the write: "FIELD_CUSTOM_VALIDATION_EXCEPTION: fill/)
    assert.match(exceptions[0]!.wouldHave, /^Rule dach would have assigned .*, but the CRM refused it: "FIELD/)
  })

  it('part of M5 and M9: is risky at least, is unknown where the policy says nothing, and is lifted for a customer', () => {
    const classOf = (classes: ClassRule[], neighbours: Partial<Neighbours> = {}) =>
      decided(waiting(), { refused, policy: { classes }, neighbours }).exceptions[0]?.class
    assert.equal(classOf([{ ...write, class: 'expected' }]), 'risky')
    assert.equal(classOf([]), 'unknown')
    assert.equal(classOf([write], { account: company({ lifecyclestage: 'customer' }) }), 'customer-facing')
  })

  it('part of M8: holds the record even where a policy might call it nothing', () => {
    const { write: written } = decided(waiting(), { refused, policy: { classes: [{ ...write, class: 'expected' }] } })
    assert.equal(written, null)
  })

  it('settles nothing: the case that the rule would have settled is open again, and says why', () => {
    const { write, exceptions } = decided(contact({ hubspot_owner_id: 'hs-gone' }), { refused, policy })
    assert.equal(write, null)
    assert.deepEqual(
      exceptions.map((e) => [e.pattern, e.status, e.settledByRule]),
      [
        ['orphaned-owner', 'open', null],
        ['write-refused', 'open', null],
      ],
    )
    assert.match(exceptions[0]!.wouldHave, /the CRM refused it/)
  })

  it('stays a case while others hold the record as well', () => {
    const { exceptions } = decided(waiting({ territory: 'france' }), { refused, policy })
    assert.deepEqual(
      exceptions.map((e) => e.pattern),
      ['stale-territory', 'write-refused'],
    )
  })

  it('is no case once the rule gives another owner, or the record has its owner', () => {
    const other = decided(waiting({ country: 'France' }), { refused, policy })
    assert.deepEqual([other.exceptions, other.write?.to], [[], 'hs-france'])
    for (const owner of ['hs-dach', 'hs-big']) {
      assert.deepEqual(decided(contact({ hubspot_owner_id: owner }), { refused, policy }).exceptions, [], owner)
    }
  })

  it('part of M47: is one cause where the CRM says the same about many records, and another where it says something else', () => {
    const causeOf = (recordId: string, why: string) =>
      decided(contact({ hubspot_owner_id: null, territory: null }, { recordId }), {
        refused: { ...refused, why },
        policy,
      }).exceptions[0]?.finding.cause
    assert.equal(causeOf('1', 'inactive user'), causeOf('2', 'inactive user'))
    assert.notEqual(causeOf('1', 'inactive user'), causeOf('1', 'no permission'))
  })
})

describe('part of M57: a receipt', () => {
  it('states the rule, why each earlier one did not fire, and what would have changed it', () => {
    const receipt = decided(waiting({ country: 'France' })).write!.receipt
    assert.equal(receipt.rule, 'france')
    assert.deepEqual(receipt.misses, [
      { rule: 'dach-enterprise', failed: 'the country is DE or AT', actual: 'FR' },
      { rule: 'dach', failed: 'the country is DE or AT', actual: 'FR' },
    ])
    assert.equal(
      receipt.wouldChange,
      'If the country were JP instead of FR, a person would decide it in the branch japan.',
    )
    assert.equal(receipt.inputs['fact.country']?.value, 'FR')
    assert.ok(receipt.inputs['fact.country']?.changedAt)
  })

  it('says for each exception what would clear it', () => {
    const clears = (subject: CrmRecord, neighbours: Partial<Neighbours> = {}) =>
      decided(subject, { neighbours, policy: { mode: 'observe' } }).exceptions[0]?.receipt.wouldChange
    assert.match(clears(contact({ company: null })) ?? '', /^Fastest fix: fill in company\.$/)
    assert.match(
      clears(contact({ hubspot_owner_id: 'hs-gone' })) ?? '',
      /^Fastest fix: assign it to dach@brightwater\.example\.$/,
    )
    assert.match(
      clears(contact({ territory: 'france' })) ?? '',
      /^Fastest fix: set territory to dach instead of france\.$/,
    )
    assert.match(clears(waiting({ country: 'Brazil', territory: null })) ?? '', /the country were JP instead of BR/)
    const rival = contact({ hubspot_owner_id: 'hs-big', createdate: daysAgo(50) }, { recordId: '0' })
    assert.match(
      clears(contact(), { matches: [matching(contact(), rival)] }) ?? '',
      /^Fastest fix: assign it to big@brightwater\.example\.$/,
    )
  })

  it('says which assignment would clear a territory that does not fit', () => {
    const policy = { mode: 'observe', patterns: [{ pattern: 'stale-territory', field: '@territories' }] } as const
    const clears = (values: Record<string, string>) =>
      decided(lead(values), { policy }).exceptions.map(({ receipt }) => receipt.wouldChange)
    assert.deepEqual(clears({ '@territories': 'FRANCE', '@territory-names': 'French market' }), [
      'Fastest fix: assign it to the territory dach instead of French market.',
    ])
    assert.deepEqual(clears({ '@territories': 'DACH', OwnerId: 'sf-france' }), [
      `Fastest fix: assign it to ${at('dach')}.`,
    ])
  })

  it('says when a fight over the owner is over', () => {
    const ownerHistory = [3, 2, 1].map((hours, i) => ({
      owner: i === 1 ? 'hs-big' : 'hs-dach',
      atMs: hoursAgoMs(hours),
      order: 0,
    }))
    const [one] = decided(contact({}, { ownerHistory })).exceptions
    assert.equal(one?.pattern, 'ownership-flapping')
    assert.match(one?.receipt.wouldChange ?? '', /^It clears by itself at 2026-11-21T07:00/)
  })
})

const anyRecord = fc
  .record({
    country: fc.constantFrom('Germany', 'FR', 'Japan', 'Brazil', null, 'nonsense'),
    owner: fc.constantFrom('hs-dach', 'hs-france', 'hs-gone', 'hs-queue', 'hs-deserted', 'hs-nobody', null),
    company: fc.constantFrom('Acme', null),
    territory: fc.constantFrom('dach', 'france', null),
    status: fc.constantFrom('NEW', null),
    staleDays: fc.integer({ min: 0, max: 60 }),
    unreadable: fc.subarray(['country', 'company', 'territory', 'hubspot_owner_id', 'lifecyclestage']),
    customer: fc.boolean(),
    hasRival: fc.boolean(),
    mode: fc.constantFrom('draft', 'observe', 'pilot', 'live'),
    classed: fc.boolean(),
  })
  .map((drawn) => {
    const base = contact(
      {
        country: drawn.country,
        hubspot_owner_id: drawn.owner,
        company: drawn.company,
        territory: drawn.territory,
        hs_lead_status: drawn.status,
      },
      { unreadable: new Set(drawn.unreadable) },
    )
    const stamp = { atMs: NOW_MS - drawn.staleDays * 86_400_000, order: 0 }
    const subject = { ...base, stamps: { ...base.stamps, hs_lead_status: stamp } }
    const rival = contact({ hubspot_owner_id: 'hs-big', createdate: daysAgo(50) }, { recordId: '0' })
    const neighbours: Neighbours = {
      account: company({ lifecyclestage: drawn.customer ? 'customer' : 'lead' }),
      deals: [],
      matches: drawn.hasRival ? [matching(base, rival)] : [],
    }
    const policy = { mode: drawn.mode, ...(!drawn.classed && { classes: [] }) } as Partial<Policy>
    return { subject, neighbours, policy }
  })

describe('whatever the record', () => {
  it('the same input gives the same bytes', () => {
    fc.assert(
      fc.property(anyRecord, ({ subject, neighbours, policy }) => {
        const once = decided(subject, { neighbours, policy })
        const copy = structuredClone({ ...subject, unreadable: [...subject.unreadable] })
        const again = decided({ ...copy, unreadable: new Set(copy.unreadable) }, { neighbours, policy })
        assert.equal(canonicalJson(again), canonicalJson(once))
      }),
    )
  })

  it('nothing is written while an open case holds or stops, and never in draft or observe', () => {
    fc.assert(
      fc.property(anyRecord, ({ subject, neighbours, policy }) => {
        const { write, exceptions } = decided(subject, { neighbours, policy })
        if (write === null) return
        assert.equal(policy.mode, 'live')
        assert.ok(exceptions.every((e) => e.status === 'settled-by-rule' || e.posture === 'confirm'))
        assert.notEqual(write.to, write.from)
      }),
      { numRuns: 500 },
    )
  })

  it('M15: an unknown is open, stops, and has an owner', () => {
    fc.assert(
      fc.property(anyRecord, ({ subject, neighbours, policy }) => {
        const { write, exceptions } = decided(subject, { neighbours, policy })
        for (const one of exceptions) {
          assert.match(one.owner, /@/)
          assert.ok(one.dueAtMs > NOW_MS)
          if (one.class !== 'unknown') continue
          assert.equal(one.status, 'open')
          assert.equal(one.posture, 'stop')
          assert.equal(write, null)
        }
        assert.equal(new Set(exceptions.map((e) => `${e.pattern} ${e.subject}`)).size, exceptions.length)
      }),
      { numRuns: 500 },
    )
  })
})
