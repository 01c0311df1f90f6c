import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import '../../crm/profiles.ts'
import type { ConnectionId, Crm, FieldText } from '../record/change-event.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import { inputKey, Unknown } from '../record/knowledge.ts'
import { companyNameKey } from './company-name.ts'
import { readCountry } from './country.ts'
import { companyDomain } from './domain.ts'
import { readEmail } from './email.ts'
import { accountDomain, knownDomain, matchKeys } from './keys.ts'
import { personNameKey } from './person-name.ts'
import { readPhones } from './phone.ts'

const readPhone = (text: string, country: string | null) => readPhones(text, country)[0] ?? null

function recordOf(crm: Crm, objectType: string, values: Record<string, FieldText>): CrmRecord {
  return {
    connectionId: 'c1' as ConnectionId,
    crm,
    objectType,
    recordId: '1',
    values,
    stamps: {},
    ownerHistory: [],
    deleted: false,
    mergedInto: null,
    unreadable: new Set(),
  }
}

describe('match keys', () => {
  it('find a person by e-mail and by every phone, read with the country of the record', () => {
    const contact = recordOf('hubspot', 'contacts', {
      email: ' Jane.Doe@Acme.com ',
      phone: '030 123456',
      mobilephone: '+49 170 1234567',
      country: 'Deutschland',
    })
    assert.deepEqual(matchKeys(contact), ['email:jane.doe@acme.com', 'phone:+491701234567', 'phone:+4930123456'])
  })

  it('find a person by each further address, as HubSpot lists them, and none of those that name nobody', () => {
    const found = (more: string | null) =>
      matchKeys(recordOf('hubspot', 'contacts', { email: 'jane@acme.com', hs_additional_emails: more }))
    const first = 'email:jane@acme.com'
    assert.deepEqual(found('j.doe@old-acme.de;Jane.D@Example-Works.com'), [
      'email:j.doe@old-acme.de',
      'email:jane.d@example-works.com',
      first,
    ])
    assert.deepEqual(found('jane@acme.com'), [first])
    assert.deepEqual(found('info@acme.com;none@none.com;'), [first])
    assert.deepEqual(found(''), [first])
    assert.deepEqual(found(null), [first])
    const nameless = recordOf('hubspot', 'contacts', { email: null, hs_additional_emails: 'j.doe@old-acme.de' })
    assert.deepEqual(matchKeys(nameless), ['email:j.doe@old-acme.de'])
  })

  it('make no person of a role address, but still lead to its company', () => {
    const lead = recordOf('salesforce', 'Lead', { Email: 'info@acme.co.uk', Website: null })
    assert.deepEqual(matchKeys(lead), [])
    assert.equal(accountDomain(lead), 'acme.co.uk')
  })

  it('read a phone with the country that people agreed a text to mean, and with no other', () => {
    const phones = (country: string | null, agreed?: Record<string, string>) =>
      matchKeys(recordOf('hubspot', 'contacts', { country, phone: '030 123456' }), agreed)
    const agreed = { holand: 'NL', 'deutsh land': 'DE' }
    assert.deepEqual(phones('Holand', agreed), ['phone:+3130123456'])
    for (const text of ['Deutsh land', ' DEUTSH  LAND', 'deutsh\u200b land']) {
      assert.deepEqual(phones(text, agreed), ['phone:+4930123456'], text)
    }
    for (const text of ['Deutshland', 'Hol and', 'constructor', null])
      assert.deepEqual(phones(text, agreed), [], text ?? '')
    assert.deepEqual(phones('Holand'), [])
    assert.deepEqual(phones('Germany', agreed), ['phone:+4930123456'])
  })

  it('find an account by its registrable domain and phone', () => {
    const account = recordOf('salesforce', 'Account', {
      Website: 'https://www.shop.acme.co.uk/about?x=1',
      Phone: '020 7946 0000',
      BillingCountry: 'UK',
    })
    assert.deepEqual(matchKeys(account), ['domain:acme.co.uk', 'phone:+442079460000'])
  })

  it('give nobody the domain of a free mail provider, and then look at the web site', () => {
    const lead = recordOf('salesforce', 'Lead', { Email: 'jane@gmail.com', Website: 'acme.de' })
    assert.equal(accountDomain(lead), 'acme.de')
    assert.equal(accountDomain(recordOf('hubspot', 'contacts', { email: 'jane@gmx.de' })), null)
  })

  it('have nothing to say about deals', () => {
    assert.deepEqual(matchKeys(recordOf('hubspot', 'deals', { dealname: 'x' })), [])
  })
})

describe('an e-mail address', () => {
  it('is the same for Gmail with or without dots and tag, and only for Gmail', () => {
    assert.equal(readEmail('J.a.ne+news@googlemail.com')?.address, 'jane@gmail.com')
    assert.equal(readEmail('j.ane+news@acme.com')?.address, 'j.ane+news@acme.com')
  })

  it('is a role address in several languages, with or without a tag', () => {
    for (const address of ['info@a.com', 'Kontakt@a.de', 'sales+emea@a.com', 'ventas@a.es']) {
      assert.equal(readEmail(address)?.isRole, true, address)
    }
    assert.equal(readEmail('jane@a.com')?.isRole, false)
  })

  it('is none without both sides, a dot, or with white space', () => {
    for (const text of ['', 'jane', '@a.com', 'jane@', 'jane@a', 'ja ne@a.com', 'a@b@', null])
      assert.equal(readEmail(text), null)
  })
})

describe('a company domain', () => {
  it('counts private suffixes, so customers of one host are two companies', () => {
    assert.equal(companyDomain('https://acme.github.io/x'), 'acme.github.io')
    assert.equal(companyDomain('github.io'), null)
  })

  it('is nobody’s on a site where everybody has a page', () => {
    assert.equal(companyDomain('https://www.linkedin.com/company/acme'), null)
    assert.equal(companyDomain('192.168.0.1'), null)
  })
})

describe('a phone number', () => {
  it('stays unread without prefix and country', () => {
    assert.equal(readPhone('030 123456', null), null)
    assert.equal(readPhone('+49 (0)30 123456 ext. 7', null), '+4930123456')
    assert.equal(readPhone('n/a', 'DE'), null)
  })
})

describe('a name', () => {
  it('of a person ignores case, accents, order and title', () => {
    assert.equal(personNameKey(['Jörg', 'Müller']), personNameKey(['MULLER,', 'Dr. Jorg']))
    assert.equal(personNameKey(['Łukasz', 'Żak']), personNameKey(['lukasz', 'zak']))
    assert.equal(personNameKey([null, ' ']), '')
    assert.notEqual(personNameKey(['がく']), personNameKey(['かく']))
  })

  it('of a company ignores its legal form, in several scripts', () => {
    const same: [string, string][] = [
      ['Acme GmbH & Co. KG', 'ACME'],
      ['Acme, S.A.', 'acme sa'],
      ['株式会社テスト', 'テスト'],
      ['Novák s.r.o.', 'Novak'],
      ['Acme Sp. z o.o.', 'Acme'],
      ['Κρήτη Χημικά Α.Ε.', 'Κρήτη Χημικά'],
      ['Ромашка ООО', 'РОМАШКА'],
      ['ООО «Ромашка»', 'Ромашка'],
      ['Águas Falcão, Lda', 'Aguas Falcao'],
      ['Falcão, Unipessoal Lda.', 'Falcão'],
      ['Acme S. de R.L. de C.V.', 'Acme'],
      ['Grupo Acme, S.A.P.I. de C.V.', 'Grupo Acme'],
      ['Acme Ges.m.b.H.', 'Acme'],
      ['Acme Gesellschaft mit beschränkter Haftung', 'Acme'],
      ['Oy Acme Ab', 'Acme'],
      ['UAB Acme', 'Acme'],
      ['S.C. Acme S.R.L.', 'Acme'],
      ['Acme AB (publ)', 'Acme'],
      ['Acme Pty Ltd', 'Acme Proprietary Limited'],
      ['Acme OÜ', 'Acme'],
      ['Acme Sp. j.', 'Acme'],
      ['Acme spol. s r.o.', 'Acme'],
      ['Acme San. ve Tic. Ltd. Şti.', 'Acme'],
      ['（株）テスト', 'テスト㈱'],
      ['テスト有限会社', 'テスト'],
      ['Acme Ltée', 'Acme'],
      ['Acme Sh.p.k.', 'Acme'],
    ]
    for (const [a, b] of same) assert.equal(companyNameKey(a), companyNameKey(b), `${a} / ${b}`)
    assert.notEqual(companyNameKey('Limited Brands Inc.'), companyNameKey('Brands'))
    assert.equal(companyNameKey('SE'), 'se')
    assert.equal(companyNameKey('SIA'), 'sia')
    assert.notEqual(companyNameKey('SC Freiburg'), companyNameKey('Freiburg'))
    assert.notEqual(companyNameKey('Haftung und Recht GmbH'), companyNameKey('Recht'))
  })

  it('of a company keeps a country at its end, which tells sisters apart', () => {
    for (const country of ['NL', 'DE', 'EU', 'CA', 'UK']) {
      assert.notEqual(companyNameKey(`Acme ${country}`), companyNameKey('Acme'), country)
    }
  })

  it('of a company never loses all its words, and the same name with a form is the same name', () => {
    const forms = ['GmbH & Co. KG', 'S.A.', 'Lda', 's.r.o.', 'A/S', 'Kft.', 'Sp. z o.o.', 'Α.Ε.', '株式会社', 'Inc.']
    fc.assert(
      fc.property(
        fc.stringMatching(/^[A-Z][a-z]{3,9}( [A-Z][a-z]{4,9})?$/),
        fc.constantFrom(...forms),
        (name, form) => {
          assert.notEqual(companyNameKey(name), '')
          assert.equal(companyNameKey(`${name} ${form}`), companyNameKey(name))
        },
      ),
    )
  })
})

describe('a country', () => {
  it('is read in the languages that people write it in', () => {
    for (const text of ['Germany', 'DE', 'Deutschland', 'ALLEMAGNE', 'ドイツ', 'Alemania']) {
      assert.equal(readCountry(text), 'DE', text)
    }
    assert.equal(readCountry('U.S.A.'), 'US')
    assert.equal(readCountry('The Netherlands'), 'NL')
    assert.equal(readCountry('Czech Republic'), 'CZ')
    assert.equal(readCountry('日本'), 'JP')
  })

  it('is none where the text names none', () => {
    for (const text of ['', null, 'EMEA', 'Brightwater', 'XX']) assert.equal(readCountry(text), null)
  })
})

describe('the domain as far as it is known', () => {
  const lead = (values: Record<string, FieldText>, ...hidden: string[]): CrmRecord => ({
    connectionId: 'sf' as ConnectionId,
    crm: 'salesforce',
    objectType: 'Lead',
    recordId: '1',
    values,
    stamps: {},
    ownerHistory: [],
    deleted: false,
    mergedInto: null,
    unreadable: new Set(hidden),
  })
  const says = (of: CrmRecord) => {
    const domain = knownDomain(of)
    return domain instanceof Unknown ? domain.inputs.map(inputKey) : domain
  }

  it('is that of the mail address, and of the web site only where the address says none', () => {
    const both = { Email: 'jane@acme.de', Website: 'https://other.example.com' }
    assert.equal(says(lead(both)), 'acme.de')
    assert.equal(says(lead(both, 'Website')), 'acme.de')
    assert.equal(says(lead({ ...both, Email: 'jane@gmail.com', Website: 'https://beta.de' })), 'beta.de')
    assert.equal(says(lead({ Email: null, Website: null })), null)
  })

  it('part of M15: is not known while the address is hidden, or the web site that would have to say it', () => {
    const both = { Email: 'jane@acme.de', Website: 'https://beta.de' }
    assert.deepEqual(says(lead(both, 'Email')), ['sf/Lead/Email/hidden'])
    assert.deepEqual(says(lead({ ...both, Email: 'jane@gmail.com' }, 'Website')), ['sf/Lead/Website/hidden'])
  })
})
