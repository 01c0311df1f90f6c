import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { countryCodes, holdsCountryCodes, nearestCountry, readCountry } from './country.ts'

const reads = (expected: string | null, ...texts: string[]) => {
  for (const text of texts) assert.equal(readCountry(text), expected, text)
}

describe('a country as people and CRMs write it', () => {
  it("case C02: is read from the picklist's order of words, and from the official one", () => {
    reads(
      'KR',
      'Korea, Republic of',
      'Republic of Korea',
      'Korea (Republic of)',
      'South Korea',
      'Korea',
      'Korea, South',
    )
    reads('KP', "Korea, Democratic People's Republic of", 'North Korea', "Korea, Dem. People's Rep.", 'Korea (North)')
    reads('CD', 'Congo, the Democratic Republic of the', 'Congo, Dem. Rep.', 'DR Congo', 'Zaire')
    reads('CG', 'Congo', 'Republic of the Congo', 'Kongo')
    reads('CN', 'China', "People's Republic of China", "China, People's Republic of", 'P.R. China')
    reads('TW', 'Taiwan, Province of China', 'Republic of China', 'Taiwan')
    reads('IR', 'Iran, Islamic Republic of', 'Iran (Islamic Republic of)', 'Iran')
    reads('TZ', 'Tanzania, United Republic of', 'United Republic of Tanzania', 'Tanzania')
  })

  it('case C05: is read by the short name of a territory', () => {
    reads('HK', 'Hong Kong', 'Hong Kong SAR China', 'Hong Kong, China', 'HongKong')
    reads('MO', 'Macao', 'Macau')
    reads('PS', 'Palestine', 'Palestine, State of', 'Palestinian Territories')
    reads('PR', 'Puerto Rico', 'Puerto Rico (US)')
  })

  it('case C06: is read with "and", "&" and neither, with Saint and St.', () => {
    reads('BA', 'Bosnia and Herzegovina', 'Bosnia & Herzegovina', 'Bosnia-Herzegovina', 'Bosnia')
    reads('TT', 'Trinidad and Tobago', 'Trinidad & Tobago')
    reads('KN', 'Saint Kitts and Nevis', 'St. Kitts & Nevis', 'St Kitts and Nevis')
    reads('VC', 'St. Vincent & the Grenadines', 'Saint Vincent and the Grenadines')
  })

  it('case C08: is read in Russian, Turkish, Arabic and Thai too', () => {
    reads('DE', 'Германия', 'Almanya', 'ألمانيا', 'เยอรมนี', '德国', '德國', 'Duitsland', 'Tyskland', 'Németország')
    reads('FR', 'Франция', 'Fransa', 'فرنسا', 'ฝรั่งเศส')
    reads('SS', 'Dél-Szudán', 'South Sudan')
  })

  it('case C11: is read from a name with its code, in either order', () => {
    reads('US', 'United States (USA)', 'USA (United States)', 'US - United States', 'United States of America (the)')
    reads('FR', 'fra', 'Fra', 'FRA')
    reads('US', 'usa', 'Usa', 'EUA')
    reads('KR', 'S. Korea', 'S Korea')
    reads('GB', 'N. Ireland', 'N.Ireland')
    reads('DE', 'Germany (DE)', 'DE - Germany', 'DE-Germany', 'Germany [DEU]', 'Deutschland / Germany', 'DE: Germany')
    reads('DE', 'Germany (Munich)', '🇩🇪 Germany', '🇩🇪', ' Germany ', 'GERMANY', 'Ger\u200bmany')
    reads('GB', 'England, UK', 'United Kingdom (England)', 'UK', 'uk', 'U.K.', 'Great Britain')
  })

  it('is read from what it calls itself, in its own language and letters', () => {
    const own = {
      EE: 'Eesti',
      LT: 'Lietuva',
      LV: 'Latvija',
      SI: 'Slovenija',
      RS: 'Србија',
      BG: 'България',
      UA: 'Україна',
    }
    for (const [code, name] of Object.entries(own)) reads(code, name, name.toUpperCase())
    reads('RS', 'Srbija')
    reads('AL', 'Shqipëria', 'Shqipëri')
    reads('IL', 'ישראל')
    reads('IN', 'भारत')
    reads('UZ', "O'zbekiston", 'Oʻzbekiston')
    reads('GE', 'საქართველო')
  })

  it('is read without the blanks of its name, and with umlauts in two letters', () => {
    reads('GB', 'UnitedKingdom', 'unitedkingdom', 'Vereinigtes Koenigreich')
    reads('NZ', 'NewZealand', 'newzealand')
    reads('GQ', 'equatorialguinea')
    reads('DK', 'Daenemark')
    reads('ZA', 'Suedafrika', 'southafrica')
    reads(null, 'unitednations', 'newmexico', 'guineapig', 'Unitedstate')
  })

  it('is read with dots between its words and letters', () => {
    reads('CN', 'P.R.China', 'P.R.C.', 'P. R. China')
    reads('LC', 'St.Lucia', 'St. Lucia')
    reads('GB', 'G.B.', 'U K')
    reads('VI', 'U.S.Virgin Islands')
    reads(null, 'N.A.', 'D.E.', 'C.A.', 'N.O.', 'T.B.D.')
  })

  it('is read from a town or state and its country', () => {
    reads(
      'DE',
      'Berlin, Germany',
      'Munich, Bavaria, Germany',
      'Bavaria, Germany',
      'Germany - Bavaria',
      'Germany (Bavaria)',
    )
    reads('GB', 'London, UK', 'London, England, United Kingdom')
    reads('CA', 'Québec, Canada', 'London, Ontario, Canada', 'CA-ON')
    reads('US', 'USA - NY', 'USA, Texas', 'US-NY', 'New York, New York, United States', 'Remote, USA')
    reads('AU', 'NSW, Australia')
    reads('AE', 'Dubai, UAE')
    reads('IE', 'Dublin, Ireland')
    reads('CN', 'Shenzhen, China')
    reads('KR', 'Seoul, Korea')
  })

  it('is read with what country pickers add', () => {
    reads('DE', 'Germany (+49)', '+49 Germany', '🇩🇪 +49')
    reads('GE', 'Georgia (Country)', 'Georgia [country]')
    reads('US', '+1 United States')
    reads('DE', 'Country: Germany', 'Land: Deutschland', 'D - Deutschland')
    reads('FR', 'F - Frankreich', 'Pays : France')
    reads('HK', '中国香港')
    reads(null, 'F - Germany, France', 'EMEA: Germany', 'Country:', 'F', 'F - X')
    reads(null, '+49', '+1', '(country)')
  })

  it('is read from the names that the World Bank and open data use', () => {
    reads('VE', 'Venezuela, RB')
    reads('FM', 'Micronesia, Fed. Sts.')
    reads('CD', 'Congo (DRC)', 'Congo, Dem. Rep.')
    reads('BA', 'Bosnia and Herz.')
    reads('PS', 'West Bank and Gaza')
    reads('KP', 'Korea, Democratic People s Republic of')
  })

  it('is read from historic, local and long names', () => {
    reads('MM', 'Burma', 'Myanmar (Burma)', 'Birmanie')
    reads('SZ', 'Swaziland', 'Eswatini')
    reads('CI', 'Ivory Coast', "Côte d'Ivoire", 'Cote d’Ivoire')
    reads('MK', 'Macedonia', 'Macedonia, the former Yugoslav Republic of', 'North Macedonia')
    reads('CH', 'Swiss Confederation', 'Schweiz', 'Suisse', 'Svizzera')
    reads('NL', 'Holland', 'The Netherlands', 'Nederland', 'Kingdom of the Netherlands')
  })
})

describe('a text that names no country', () => {
  it('case C12: is "not available" in any spelling, and Namibia only as a code in capitals', () => {
    reads(null, 'n.a.', 'N.A.', 'na', 'Na', 'n/a', 'N/A', 'n. a.')
    reads('NA', 'NA', 'NAM', 'Namibia')
  })

  it('case C13: is "no", and Norway only as a code in capitals', () => {
    reads(null, 'No', 'no', 'de', 'it', 'in', 'is', 'us', 'can', 'per', 'and')
    reads('NO', 'NO', 'NOR', 'Norge')
  })

  it('is a code in small print, unless the field holds codes', () => {
    assert.equal(readCountry('de', true), 'DE')
    assert.equal(readCountry(' no ', true), 'NO')
    assert.equal(readCountry('Germany', true), 'DE')
    for (const field of ['CountryCode', 'BillingCountryCode', 'MailingCountryCode', 'hs_country_region_code'])
      assert.ok(holdsCountryCodes(field), field)
    for (const field of ['Country', 'country', 'AreaCode', 'PostalCode']) assert.ok(!holdsCountryCodes(field), field)
  })

  it('is one that names two, or none, or what only a note tells apart', () => {
    reads(null, 'USA/Canada', 'Germany; France', 'Georgia, USA', 'Atlanta, Georgia', 'State of Georgia', 'Congo (East)')
    reads(
      null,
      '',
      ' ',
      '-',
      'EMEA',
      'Brightwater',
      'XX',
      'Republic of',
      'European Union',
      'unknown',
      'test',
      'Portland, OR',
    )
  })

  it('is a town of a state whose name or code is a country, too', () => {
    reads(null, 'Peru, IN', 'Lebanon, PA', 'Portland, ME', 'Atlanta, Georgia', 'Paris, TX', 'Athens, GA', 'Vienna, VA')
    reads(null, 'Jamaica, New York', 'Lebanon, New Hampshire', 'Warsaw, IN', 'Lyon, FR', 'New Mexico', 'New Jersey')
  })

  it('is two codes that may be a state and its country or two countries', () => {
    reads(null, 'USA - CA', 'US-CA', 'USA/CA', 'CA, USA', 'DE-BY', 'Luxembourg, Belgium', 'Georgia, United States')
  })

  it('is a country that the text takes back, or one of several', () => {
    reads(null, 'not Germany', 'all, not Germany', 'Anywhere except Germany, France', 'everywhere but, Germany')
    reads(null, 'Hamhung, Korea', 'Goma, Congo', 'Germany, Munich', 'Germany, Austria, Switzerland', 'UK & Ireland')
  })

  it('is never a country for the name of another one, in 60 languages of the platform that we do not read', () => {
    const others =
      'af am az be bg bn bs ca cy et eu fa fil ga gl gu he hi hr hy id is ka kk km kn ky lo lt lv mk ml mn mr ms my ne pa ps rm ' +
      'si sk sl sq sr sw ta te tk uk ur uz vi zu ceb jv so yo ig ha lb mt qu fo gd fy'
    const wrong = others.split(' ').flatMap((language) => {
      const display = new Intl.DisplayNames([language], { type: 'region', fallback: 'none' })
      return [...countryCodes()].flatMap((code) => {
        const read = readCountry(display.of(code) ?? '')
        // "Congo" alone is what both say.
        return read === null || read === code || read === 'CG' ? [] : [`${language}: ${display.of(code)} is ${read}`]
      })
    })
    assert.deepEqual(wrong, [])
  })

  it('is one that programs know by name', () => {
    reads(null, 'constructor', '__proto__', 'toString', 'hasOwnProperty')
    for (const text of ['constructor', '__proto__']) assert.equal(nearestCountry(text), null, text)
  })

  it('has a nearest name where a slip of the keys explains it', () => {
    assert.equal(nearestCountry('Holand'), 'Holland')
    assert.equal(nearestCountry('Germnay'), 'Germany')
    assert.equal(nearestCountry('Untied States'), 'United States')
    assert.equal(nearestCountry('Switserland'), 'Switzerland')
    for (const text of ['EMEA', 'xyz', 'none', 'Brightwater Holdings']) assert.equal(nearestCountry(text), null, text)
  })
})
