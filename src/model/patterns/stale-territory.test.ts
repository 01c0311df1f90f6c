import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compilePolicy } from '../policy/compile.ts'
import { at, caseOf, contact, directoryOf, PEOPLE, versionOf } from '../testing/example.ts'
import { staleTerritory } from './stale-territory.ts'

const setting = { pattern: 'stale-territory', field: 'territory' } as const
const { territories } = compilePolicy(versionOf())
const look = (values: Record<string, string | null>, directory = directoryOf()) =>
  staleTerritory(setting, caseOf(contact(values), { directory }), territories).findings[0]

describe('stale-territory', () => {
  it('compares the territory on the record with the table for its present country', () => {
    assert.match(look({ territory: 'france' })?.what ?? '', /says territory france, .* belong to dach/)
    assert.equal(look({ territory: 'DACH ' }), undefined)
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
