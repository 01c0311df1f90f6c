import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { at, caseOf, contact, directoryOf, lead, PEOPLE } from '../../../test/support/example.ts'
import { TERRITORIES, TERRITORY_NAMES } from '../record/territories-field.ts'
import { staleTerritory } from './stale-territory.ts'

const setting = { pattern: 'stale-territory', field: 'territory' } as const
const look = (values: Record<string, string | null>, directory = directoryOf()) =>
  staleTerritory.detect(setting, caseOf(contact(values), { directory })).findings[0]

describe('stale-territory', () => {
  it('compares the territory on the record with the table for its present country', () => {
    assert.match(
      look({ territory: 'france' })?.what ?? '',
      /territory of this contact is france, but the country DE belongs to dach/,
    )
    assert.equal(look({ territory: 'DACH ' }), undefined)
  })

  it('case R01: takes the id of the territory and its title for one, however they are spelled', () => {
    for (const territory of ['dach', 'DACH', 'Germany, Austria', 'GERMANY,  AUSTRIA', ' germany, austria ']) {
      assert.equal(look({ territory }), undefined, territory)
    }
    assert.match(look({ territory: 'Germany' })?.what ?? '', /territory of this contact is Germany, but/)
  })

  it('asks next whether the active owner works that territory', () => {
    assert.match(
      look({ territory: null, hubspot_owner_id: 'hs-france' })?.what ?? '',
      /does not work its territory dach/,
    )
    assert.equal(look({ territory: null, hubspot_owner_id: 'hs-big' }), undefined)
    assert.equal(look({ territory: null, hubspot_owner_id: 'hs-gone' }), undefined)
  })

  it('asks last whether anybody works it in this CRM, as one cause for all its records', () => {
    const left = PEOPLE.map((p) => (p.email === at('dach') || p.email === at('big') ? { ...p, active: false } : p))
    assert.equal(look({ territory: null }, directoryOf(left))?.cause, 'territory-vacant/dach')
  })

  it('leaves records without a territory to no-rule', () => {
    assert.equal(look({ country: 'Brazil', territory: 'france' }), undefined)
    assert.equal(look({ country: null, territory: 'france' }), undefined)
  })
})

describe('stale-territory by what the CRM assigns', () => {
  const byAssignment = { pattern: 'stale-territory', field: TERRITORIES } as const
  const find = (territories: string | null, names = territories, over: Parameters<typeof lead>[1] = {}) =>
    staleTerritory.detect(byAssignment, caseOf(lead({ [TERRITORIES]: territories, [TERRITORY_NAMES]: names }, over)))
      .findings[0]

  it("names all that a record is assigned to when none of them is the table's", () => {
    const found = find('france;uk_i', 'France;United Kingdom')
    assert.equal(
      found?.what,
      'This lead is assigned to France and United Kingdom, but the country DE belongs to dach (Germany, Austria).',
    )
    assert.match(found.todo, /^In Salesforce, assign it to Germany, Austria instead of France and United Kingdom/)
    assert.equal(found.evidence[TERRITORIES], 'france;uk_i')
  })

  it('is content with one of several', () => {
    assert.equal(find('emea;dach', 'Europe;Centre'), undefined)
  })

  it('compares developer name and name with the id and the title of the table, however they are spelled', () => {
    for (const [developerName, name] of [
      ['DACH', 'Centre'],
      ['T_1', 'Germany,  Austria'],
      ['germany,_austria', 'x'],
    ] as const) {
      assert.equal(find(developerName, name), undefined, developerName)
    }
    assert.ok(find('dach_east', 'DACH East'))
  })

  it('leaves a record without any to missing-field, and goes on with its owner', () => {
    assert.equal(find(null), undefined)
    const unowned = caseOf(lead({ [TERRITORIES]: null, OwnerId: 'sf-france' }))
    const found = staleTerritory.detect(byAssignment, unowned).findings[0]
    assert.match(found?.what ?? '', /does not work its territory dach/)
    assert.equal(found?.evidence[TERRITORIES], null)
  })

  it('does not say that a record is assigned to nothing when nobody has asked', () => {
    const unread = { unreadable: new Set([TERRITORIES]), drifted: new Map([[TERRITORIES, 'not-read' as const]]) }
    const { [TERRITORIES]: _, ...values } = lead({ OwnerId: 'sf-france' }).values
    const found = staleTerritory.detect(byAssignment, caseOf({ ...lead({}, unread), values })).findings[0]
    assert.match(found?.what ?? '', /does not work its territory dach/)
    assert.ok(!(TERRITORIES in found!.evidence))
  })
})

describe('stale-territory where something is not known', () => {
  const detected = (values: Record<string, string | null>, ...hidden: string[]) => {
    const { findings, unknown } = staleTerritory.detect(
      setting,
      caseOf(contact(values, { unreadable: new Set(hidden) })),
    )
    return { says: findings.map(({ what }) => what), missing: unknown?.inputs.map(({ name }) => name) ?? [] }
  }

  it('part of M15: finds nothing while the territory by the table is not known', () => {
    assert.deepEqual(detected({ territory: 'france' }, 'country'), { says: [], missing: ['country'] })
    assert.deepEqual(detected({ hubspot_owner_id: 'hs-france' }, 'country'), { says: [], missing: ['country'] })
  })

  it('part of M15: asks for a hidden owner only where nothing else is wrong already', () => {
    assert.deepEqual(detected({}, 'hubspot_owner_id'), { says: [], missing: ['hubspot_owner_id'] })
    assert.deepEqual(detected({ hubspot_owner_id: 'hs-new' }), { says: [], missing: ['the owner'] })
    assert.deepEqual(detected({}), { says: [], missing: [] })
    const { says, missing } = detected({ territory: 'france' }, 'hubspot_owner_id')
    assert.deepEqual([says.length, missing], [1, []])
  })

  it('part of M15: names no owner in the evidence of a finding while the owner is hidden', () => {
    const evidence = (...hidden: string[]) =>
      staleTerritory.detect(setting, caseOf(contact({ territory: 'france' }, { unreadable: new Set(hidden) })))
        .findings[0]?.evidence
    assert.equal(evidence()?.['fact.owner'], at('dach'))
    assert.ok(!('fact.owner' in evidence('hubspot_owner_id')!))
  })

  it('part of M15: takes no hidden territory of the record for a wrong one, and goes on with its owner', () => {
    assert.deepEqual(detected({ territory: 'france' }, 'territory'), { says: [], missing: [] })
    const { says } = detected({ territory: 'france', hubspot_owner_id: 'hs-france' }, 'territory')
    assert.match(says[0] ?? '', /does not work its territory dach/)
    const assigned = lead({ [TERRITORIES]: 'france', OwnerId: 'sf-dach' }, { unreadable: new Set([TERRITORIES]) })
    assert.deepEqual(staleTerritory.detect({ ...setting, field: TERRITORIES }, caseOf(assigned)).findings, [])
  })

  it('rests on the territory of the record as on a blank one only where it is blank', () => {
    const present = (territory: string | null, ...hidden: string[]) => {
      const subject = contact({ territory, hubspot_owner_id: 'hs-france' }, { unreadable: new Set(hidden) })
      return staleTerritory.detect(setting, caseOf(subject)).findings[0]?.keyFacts?.present
    }
    assert.deepEqual([present(null), present('dach'), present(null, 'territory')], [null, 'dach', 'unknown'])
  })
})
