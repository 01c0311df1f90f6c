import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { companyNameKey } from './company-name.ts'
import { personNameKey } from './person-name.ts'

type Pair<Name> = readonly [Name, Name]

function same<Name>(key: (name: Name) => string, pairs: readonly Pair<Name>[]) {
  for (const [a, b] of pairs) assert.equal(key(a), key(b), `${a} / ${b}`)
}

function different<Name>(key: (name: Name) => string, pairs: readonly Pair<Name>[]) {
  for (const [a, b] of pairs) assert.notEqual(key(a), key(b), `${a} / ${b}`)
}

describe('the name of a company', () => {
  it('is one where marks and blanks part its first letter or number from the rest, or a mark or word joins two letters', () => {
    same(companyNameKey, [
      ['E.ON', 'EON'],
      ['E.ON SE', 'E ON'],
      ['3M', '3 M'],
      ['The 3M Company', '3-M'],
      ['A.P. Moller', 'AP Moller'],
      ['A P Moller', 'AP Moller'],
      ['H&M', 'H & M'],
      ['H&M', 'H and M'],
      ['C&A', 'C und A'],
      ['AT&T Inc.', 'AT & T'],
      ['AT&T', 'AT and T'],
      ['L’Oreal', 'LOreal'],
      ["L'Oréal", 'L Oreal'],
      ['7-Eleven', '7 Eleven'],
      ['7-Eleven, Inc.', '7Eleven'],
      ['T-Mobile', 'TMobile'],
      ['T‑Mobile', 'T Mobile'],
      ['24 Hour Fitness', '24Hour Fitness'],
      // Letters apart are an abbreviation; the same phone, which a match needs besides, leaves little doubt.
      ['S A P', 'SAP Inc'],
      ['A B Corp', 'AB Corp'],
    ])
    different(companyNameKey, [
      ['E.ON', 'On'],
      ['3M', 'M'],
      ['7-Eleven', 'Eleven'],
      ['T-Mobile', 'Mobile'],
      ['AT&T', 'AT'],
      ['AP Moller', 'Apmoller'],
      ['1&1', '11'],
      ['1&1', '1'],
      ['A Better Place', 'Better Place'],
      ['A Eon', 'Aon'],
      ['Plan B Consulting', 'Planb Consulting'],
      ['Plan B Consulting', 'Plan Bconsulting'],
      ['A B Corp', 'A Corp'],
      ['H and M', 'H and N'],
      ['S A P', 'S Ap Berlin'],
    ])
  })

  it('case N02: is one with & and with the word for it', () => {
    same(companyNameKey, [
      ['Keller Painting & Decorating Inc.', 'Keller Painting and Decorating Inc.'],
      ['Müller & Söhne GmbH', 'Müller und Söhne GmbH'],
      ['Dupont et Fils SARL', 'Dupont & Fils'],
      ['Silva e Filhos Lda', 'Silva & Filhos, Lda.'],
      ['García y Hijos S.L.', 'Garcia & Hijos'],
      ['Smith + Jones', 'Smith and Jones Ltd'],
      ['Smith&Jones', 'Smith & Jones'],
    ])
    different(companyNameKey, [['Smith & Jones', 'Smith']])
  })

  it('case N05: is one with and without a note about the record, and keeps such words inside a name', () => {
    same(companyNameKey, [
      ['Northfield County College', 'Northfield County College(dupe)'],
      ['Westbrook School District', 'Westbrook School District - Active'],
      ['Acme Inc.', 'DO NOT USE - Acme Inc.'],
      ['Acme Inc.', 'Acme Inc. **DO NOT USE**'],
      ['Acme Inc.', 'Acme Inc (DUPLICATE of 12345)'],
      ['Acme Inc.', 'Acme, Inc. [inactive]'],
      ['Acme Inc.', 'Acme Inc. - Former Customer'],
      ['Acme Inc.', 'zz Acme Inc.'],
      ['Acme Inc.', 'Acme Inc. (old)'],
      ['Acme Inc.', 'Acme Inc. - duplicate'],
      ['Acme GmbH', 'Acme GmbH (nicht mehr verwenden)'],
      ['Acme Inc.', 'Duplicate: Acme Inc.'],
      ['Acme Inc.', 'Acme Inc. (closed 2024)'],
      ['Acme Inc.', 'Acme Inc. (merged into 123)'],
    ])
    different(companyNameKey, [
      ['Active Network', 'Network'],
      ['Old Navy', 'Navy'],
      ['Acme (Old Town)', 'Acme'],
      ['Acme - Berlin', 'Acme'],
      ['Client Partners', 'Partners'],
      ['Copy Central', 'Central'],
    ])
  })

  it('is one with and without The, an apostrophe and the two spellings of an umlaut', () => {
    same(companyNameKey, [
      ['The Gap, Inc.', 'Gap Inc'],
      ['Gap, The', 'The Gap'],
      ["McDonald's Corp", 'McDonalds'],
      ['McDonald’s', "McDonald's"],
      ["L'Oréal S.A.", 'LOreal'],
      ["O'Reilly Media", 'O Reilly Media, Inc.'],
      ['Müller GmbH', 'Mueller GmbH'],
      ['Müller', 'Muller'],
      ['Bäckerei Schröder', 'Baeckerei Schroeder'],
      ['Århus Værft A/S', 'Aarhus Vaerft'],
      ['Weiß AG', 'Weiss AG'],
      ['Acme Gesellschaft mit beschraenkter Haftung', 'Acme'],
      ['Acme\u200b Inc', 'Acme'],
    ])
    different(companyNameKey, [
      ['The The', ''],
      ['Bauer', 'Bar'],
      ['Queen', 'Qun'],
      ['Samuel', 'Samul'],
    ])
    assert.notEqual(companyNameKey('The'), '')
  })

  it('is none where somebody has no company, and where a note is all there is', () => {
    for (const name of [
      'Self',
      'self-employed',
      'Self Employed',
      'Freelancer',
      'Individual',
      'Student',
      'Retired',
      'Privat',
    ]) {
      assert.equal(companyNameKey(name), '', name)
    }
    for (const name of [
      'freiberuflich',
      'Selbstständig',
      'Autónomo',
      'particulier',
      'DO NOT USE',
      '*** Duplicate ***',
    ]) {
      assert.equal(companyNameKey(name), '', name)
    }
    for (const name of ['x', 'a', '1', '12345', '{{company}}', '{!Lead.Company}', '#REF!'])
      assert.equal(companyNameKey(name), '', name)
    for (const name of [
      'Self Storage Group',
      'Home Depot',
      'Private Bank',
      'Student Loans Ltd',
      '3M',
      'X',
      'Duplicate Bridge Club',
      '360',
    ])
      assert.notEqual(companyNameKey(name), '', name)
  })

  it('is one with a legal form before it or spelled out, and with The at the end', () => {
    same(companyNameKey, [
      ['SARL Dupont', 'Dupont SARL'],
      ['EURL Dupont', 'Dupont'],
      ['Acme GmbH u. Co. KG', 'Acme GmbH & Co. KG'],
      ['Acme Private Limited', 'Acme Pvt. Ltd.'],
      ['Acme Private Ltd', 'Acme'],
      ['Acme Company, The', 'The Acme Company'],
    ])
    different(companyNameKey, [
      ['SAS Institute', 'Institute'],
      ['Private Bank', 'Bank'],
      ['The The', 'Acme'],
    ])
  })

  it('is none for a placeholder, and one for a company with such a word in its name', () => {
    for (const text of ['[not provided]', 'Unknown', 'n/a', 'N/A', '-', 'test', 'None', 'Keine Angabe', '???', 'xxx']) {
      assert.equal(companyNameKey(text), '', text)
    }
    for (const text of ['Unknown Worlds', 'Test Valley Borough', 'Nada', 'NA-KD', 'Blanko']) {
      assert.notEqual(companyNameKey(text), '', text)
    }
  })
})

describe('the name of a person', () => {
  it('case N08: is one in both spellings of an umlaut', () => {
    same(personNameKey, [
      [
        ['Jörg', 'Bär'],
        ['Joerg', 'Baer'],
      ],
      [
        ['Jörg', 'Müller'],
        ['Joerg', 'Mueller'],
      ],
      [
        ['Jörg', 'Müller'],
        ['Jorg', 'Muller'],
      ],
      [
        ['Håkon', 'Bjørnson'],
        ['Haakon', 'Bjoernson'],
      ],
      [
        ['Anna', 'Weiß'],
        ['Anna', 'Weiss'],
      ],
      [
        ['Uwe', 'Bäuerle'],
        ['Uwe', 'Baeuerle'],
      ],
    ])
    different(personNameKey, [
      [
        ['Eva', 'Bauer'],
        ['Eva', 'Bar'],
      ],
      [
        ['Joe', 'Smith'],
        ['Jo', 'Smith'],
      ],
      [
        ['Michael', 'Smith'],
        ['Michal', 'Smith'],
      ],
      [
        ['Samuel', 'Lee'],
        ['Samul', 'Lee'],
      ],
    ])
  })

  it('case N09: is one with any apostrophe, without it and apart', () => {
    for (const last of ['OBrien', 'O Brien', 'O’Brien', 'O`Brien', 'OʼBrien', "O' Brien", 'o´brien']) {
      assert.equal(personNameKey(['Tim', last]), personNameKey(['Tim', "O'Brien"]), last)
    }
    same(personNameKey, [
      [
        ['Ana', "D'Angelo"],
        ['Ana', 'DAngelo'],
      ],
      [
        ['Ian', 'McDonald'],
        ['Ian', 'Mc Donald'],
      ],
    ])
  })

  it('is one with and without titles, degrees and notes', () => {
    same(personNameKey, [
      [
        ['Jane', 'Doe'],
        ['Dr. med. Jane', 'Doe'],
      ],
      [
        ['Jane', 'Doe'],
        ['Prof. Dr. rer. nat. Jane', 'Doe'],
      ],
      [
        ['Jane', 'Doe'],
        ['Jane', 'Doe, PhD'],
      ],
      [
        ['Jane', 'Doe'],
        ['Miss Jane', 'Doe (dupe)'],
      ],
      [
        ['Jane', 'Doe'],
        ['Jane', 'Doe - DO NOT CALL'],
      ],
      [
        ['Jane', 'Doe'],
        ['Dipl.-Ing. Jane', 'Doe'],
      ],
    ])
    different(personNameKey, [
      [
        ['John', 'Smith'],
        ['John', 'Smith Jr.'],
      ],
      [
        ['Med', 'Hondo'],
        ['', 'Hondo'],
      ],
    ])
  })

  it('is none for initials, functions and notes, and tells Mr. from Mrs. where a surname is all there is', () => {
    for (const name of [
      ['x', 'x'],
      ['J', 'D'],
      ['x'],
      ['Accounts', 'Payable'],
      ['Customer Service'],
      ['First', 'Last'],
      ['FNU', 'LNU'],
      ['DO NOT', 'CALL'],
      ['*|FNAME|*', '*|LNAME|*'],
    ]) {
      assert.equal(personNameKey(name), '', String(name))
    }
    for (const name of [
      ['Malcolm', 'X'],
      ['Al', 'Service'],
      ['Bo', 'Li'],
      ['Dupe', 'Smith'],
    ]) {
      assert.notEqual(personNameKey(name), '', String(name))
    }
    different(personNameKey, [
      [
        ['Herr', 'Müller'],
        ['Frau', 'Müller'],
      ],
      [['Mr. Smith'], ['Mrs. Smith']],
    ])
    same(personNameKey, [
      [['Mr. Smith'], ['Herr', 'Smith']],
      [
        ['Mr. John', 'Smith'],
        ['John', 'Smith'],
      ],
      [['Dr. Smith'], ['Smith']],
      [
        ['Frau Anna', 'Müller'],
        ['Anna', 'Mueller'],
      ],
    ])
  })

  it('is none for a placeholder, and somebody’s where a person is called so', () => {
    for (const name of [
      ['[not provided]'],
      ['Unknown'],
      ['Test', 'Test'],
      [null, '-'],
      ['n/a', 'N/A'],
      ['Unknown', 'Unknown'],
    ]) {
      assert.equal(personNameKey(name), '', String(name))
    }
    for (const name of [
      ['Mr.', 'Test'],
      ['Na', 'Li'],
      ['Na'],
      ['Jennifer', 'Null'],
      ['Ann', 'Blank'],
      ['Judith', 'Guest'],
    ]) {
      assert.notEqual(personNameKey(name), '', String(name))
    }
  })
})
