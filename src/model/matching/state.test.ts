import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isStateCode } from './places/state-names.ts'
import { STATES_IN_ENGLISH } from './places/states-in-english.ts'
import { nearestState, readState } from './state.ts'

const reads = (code: string | null, country: string | null, ...texts: string[]) => {
  for (const text of texts) assert.equal(readState(text, country), code, `${text} in ${country}`)
}

describe('a state or province as people and CRMs write it', () => {
  it('case L10: is read by name, abbreviation and code in any case', () => {
    reads(
      'US-CA',
      'US',
      'California',
      'Calif.',
      'CA',
      'ca',
      'CALIFORNIA',
      'US-CA',
      'California (CA)',
      'CA - California',
    )
    reads('US-NY', 'US', 'New York', 'N.Y.', 'NY', 'New York State', 'new  york')
    reads('US-DC', 'US', 'Washington, D.C.', 'DC', 'D.C.', 'District of Columbia')
    reads('US-WA', 'US', 'Washington', 'Wash.', 'WA', 'State of Washington')
  })

  it('is read in its own country: one code means another state elsewhere', () => {
    reads('AU-WA', 'AU', 'WA', 'Western Australia')
    reads('CA-QC', 'CA', 'Québec', 'Quebec', 'PQ', 'QC', 'Que.')
    reads('BR-SP', 'BR', 'São Paulo', 'Sao Paulo', 'SP', 'Estado de São Paulo')
    reads('IN-OD', 'IN', 'Orissa', 'Odisha', 'OR', 'OD')
    reads('IN-TN', 'IN', 'Tamil Nadu', 'Tamilnadu', 'TN')
    reads('MX-CMX', 'MX', 'CDMX', 'Ciudad de México', 'D.F.', 'DF', 'Mexico City')
    reads('MX-MEX', 'MX', 'Estado de México', 'Edo. Mex.', 'MEX')
    reads('CN-GD', 'CN', 'Guangdong', 'Guangdong Sheng', 'Guangdong Province', '广东', '广东省', '44')
    reads('CN-NM', 'CN', 'Inner Mongolia', 'Nei Mongol', '内蒙古自治区')
    reads('JP-13', 'JP', 'Tokyo', 'Tōkyō', '東京', '東京都', '13')
    reads('JP-28', 'JP', 'Hyogo', 'Hyogo-ken', '兵庫県')
    reads('JP-26', 'JP', 'Kyoto', '京都', '京都府')
    reads('IT-MI', 'IT', 'MI', 'Milano', 'Milan')
    reads('IT-25', 'IT', 'Lombardia', 'Lombardy')
    reads('IT-NA', 'IT', 'NA', 'Napoli')
    reads('IE-D', 'IE', 'Dublin', 'Co. Dublin', 'County Dublin', 'D')
    reads('DE-BY', 'DE', 'Bayern', 'Bavaria', 'BY')
  })

  it('is read with its postal code or a town in front of it', () => {
    reads('US-TX', 'US', 'TX 78701', 'Texas 78701', 'Austin, TX', 'Austin, Texas', 'Austin, TX 78701-1234')
    reads('AU-VIC', 'AU', 'VIC 3000', 'Melbourne, VIC')
    reads('CA-ON', 'CA', 'Toronto, ON')
    reads('MX-NLE', 'MX', 'Monterrey, N.L.', 'Nuevo León, México')
    reads('US-MO', 'US', 'Kansas City, MO')
    reads('US-NC', 'US', 'North Carolina NC')
    reads(
      null,
      'US',
      'North Carolina SC',
      'Raleigh NC',
      '78701',
      'Austin 78701',
      'Washington, PA',
      'NY, NJ',
      'CA, NV',
      'NY/NJ',
      'Texas, Austin',
    )
  })

  it('of the United States is no town or county that is called after it', () => {
    reads(
      null,
      'US',
      'Kansas City',
      'Michigan City',
      'Virginia City',
      'Washington County',
      'Texas County',
      'Nevada Co.',
    )
    reads('US-NY', 'US', 'New York City', 'New York State', 'State of New York')
    reads('CN-BJ', 'CN', 'Beijing City')
    reads('IE-D', 'IE', 'Dublin City')
  })

  it('is read by its English name where ISO has the local one, and with umlauts in two letters', () => {
    reads('ES-CT', 'ES', 'Catalonia', 'Cataluña', 'Catalunya')
    reads('CH-GE', 'CH', 'Geneva', 'Genève', 'Genf')
    reads('CH-ZH', 'CH', 'Zürich', 'Zuerich', 'Zurich', 'Kanton Zürich')
    reads('AT-9', 'AT', 'Vienna', 'Wien')
    reads('NL-NH', 'NL', 'North Holland', 'Noord-Holland')
    reads('KR-11', 'KR', 'Seoul')
    reads('DE-BY', 'DE', 'Freistaat Bayern')
    reads('JP-27', 'JP', 'Osaka-fu')
    reads(null, 'CH', 'Basel', 'Genoa')
    for (const [country, states] of Object.entries(STATES_IN_ENGLISH)) {
      for (const one of states.split(', '))
        assert.ok(isStateCode(`${country}-${one.split(' ', 1)[0]}`), `${country} ${one}`)
    }
  })

  it('is none where the text names none of this country', () => {
    reads(null, 'US', 'Ontario', 'Calfornia', 'n/a', '', '-', 'Bavaria')
    reads(null, 'IT', 'na', 'no', 'n.a.')
    reads(null, 'CA', 'CA', 'California, USA')
  })

  it('without a country is read only where it says it itself', () => {
    reads('US-CA', null, 'California', 'US-CA', 'California, USA', 'Calif.')
    reads(null, null, 'CA', 'WA', 'Maryland', 'Amazonas', 'La Rioja')
  })

  it('has a nearest name where a slip of the keys explains it', () => {
    assert.equal(nearestState('Calfornia', 'US'), 'California')
    assert.equal(nearestState('Bavaria', 'US'), null)
  })
})
