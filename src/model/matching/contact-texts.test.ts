import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { companyDomain, mailDomain } from './domain.ts'
import { readEmail, readEmails } from './email.ts'

const each = <Answer>(read: (text: string) => Answer, rows: readonly (readonly [string, Answer])[]) => {
  for (const [text, expected] of rows) assert.deepEqual(read(text), expected, text)
}

describe('an e-mail address as people and programs write it', () => {
  const address = (text: string) => readEmail(text)?.address ?? null

  it('case E03: is read from display form, brackets, mailto and before punctuation', () => {
    for (const text of [
      '<jane@acme.de>',
      'jane@acme.de,',
      'mailto:jane@acme.de',
      'Jane Doe <jane@acme.de>',
      '"Doe, Jane" <Jane@ACME.de>',
      'MAILTO:jane@acme.de?subject=Hello',
      '(jane@acme.de)',
      "'jane@acme.de'",
      'jane@acme.de;',
      'jane@acme.de.',
      'E-Mail: jane@acme.de',
      'jane@acme.de\u00a0',
      'jane＠acme.de',
      'jane (at) acme (dot) de',
      'jane[at]acme.de',
      'jane@acme,de',
      'jane@acme.de.',
      'Jane Doe (jane@acme.de) <jane@acme.de>',
      'jane@acme.de (work)',
      'work: jane@acme.de',
    ]) {
      assert.equal(address(text), 'jane@acme.de', text)
    }
  })

  it('case E01: is the same with invisible characters before, behind and inside', () => {
    for (const hidden of ['\u200b', '\u200d', '\u2060', '\ufeff', '\u00ad', '\u200e', '\u202c', '\u180e', '\u0000']) {
      for (const text of [`${hidden}jane@acme.de`, `jane@acme.de${hidden}`, `ja${hidden}ne@ac${hidden}me.de`]) {
        assert.equal(address(text), 'jane@acme.de', JSON.stringify(text))
      }
    }
  })

  it('is each of several in one field, and none where words stand inside it', () => {
    const all = (text: string) => readEmails(text).map((email) => email.address)
    each(all, [
      ['jane@acme.de; jd@acme.com', ['jane@acme.de', 'jd@acme.com']],
      ['jane@acme.de, jd@acme.com', ['jane@acme.de', 'jd@acme.com']],
      ['jane@acme.de jd@acme.com', ['jane@acme.de', 'jd@acme.com']],
      ['jane@acme.de / jd@acme.com', ['jane@acme.de', 'jd@acme.com']],
      ['jane@acme.de/jd@acme.com', ['jane@acme.de', 'jd@acme.com']],
      ['jane@acme.de or jd@acme.com', ['jane@acme.de', 'jd@acme.com']],
      ['Jane <jane@acme.de>, JD <jd@acme.com>', ['jane@acme.de', 'jd@acme.com']],
      ['jane@acme.de|jane@acme.de', ['jane@acme.de']],
      ['work: jane@acme.de; private: jane@gmx.de', ['jane@acme.de', 'jane@gmx.de']],
      ['jane@acme.de, <jd@acme.com>', ['jane@acme.de', 'jd@acme.com']],
      ['jane@acme.de - jd@acme.com', ['jane@acme.de', 'jd@acme.com']],
      ['jane@acme.de cc jd@acme.com', ['jane@acme.de', 'jd@acme.com']],
      ['jane@acme.de <mailto:jane@acme.de>', ['jane@acme.de']],
      ['"jane@old.de" <jane@acme.de>', ['jane@acme.de']],
      ['mailto:jane%40acme.de', ['jane@acme.de']],
      ['jane,doe@acme.de', []],
      ['jd@acme.com; jane,doe@acme.de', []],
      ['Doe, jane@acme.de', ['jane@acme.de']],
      ['ask jane@acme.de or', []],
      ['ja ne@acme.de', []],
      ['call me at noon', []],
      ['jane@acme', []],
      ['jane@@acme.de', []],
      ['jane@acme..de', []],
    ])
  })

  it('is the same by its IDN and its punycode, composed or not', () => {
    const spelled = ['jane@münchen.de', 'jane@mu\u0308nchen.de', 'JANE@MÜNCHEN.DE', 'jane@xn--mnchen-3ya.de']
    for (const text of spelled) assert.equal(address(text), 'jane@xn--mnchen-3ya.de', text)
    assert.equal(address('jose\u0301@acme.es'), address('josé@acme.es'))
  })

  it('case E08: is nobody’s where somebody made it up, and never a real one', () => {
    const nobodys = (text: string) => readEmail(text)?.isNobodys
    for (const text of [
      'na@na.com',
      'none@none.com',
      'test@test.com',
      'noemail@noemail.com',
      'no-email@acme.de',
      'unknown@unknown.com',
      'jane@example.com',
      'a@a.com',
      'xxx@xxx.com',
      'asdf@asdf.com',
      'notprovided@acme.com',
      'test@gmail.com',
      'none@nomail.com',
      'NO_EMAIL@acme.com',
      'none@acme.com',
      '123@123.com',
      'noemail17@acme.com',
      'declined@declined.com',
      'keine@keine.de',
      'keine@angabe.de',
      'not@provided.com',
      'no@email.com',
      'sin@correo.com',
      'firstname.lastname@acme.com',
      'yourname@company.com',
    ]) {
      assert.equal(nobodys(text), true, text)
    }
    for (const text of [
      'jane@acme.de',
      'na@acme.com',
      'bob@bob.com',
      'mueller@mueller.de',
      'me@jane.com',
      'test@acme.com',
      'a@gmail.com',
      'x@acme.de',
      'jane@test.de',
      'qwerty17@gmail.com',
      'noah17@acme.com',
      'normann2@acme.de',
      'dontae1@acme.com',
      'provided@acme.com',
      'lang@lang.de',
      'no@acme.com',
      'nomad@email.com',
    ]) {
      assert.equal(nobodys(text), false, text)
    }
  })

  it('case E09: is a role address by its words, and never a person with such a name', () => {
    const role = (local: string) => readEmail(`${local}@acme.de`)?.isRole
    for (const local of [
      ...['rsvp', 'programs', 'grants', 'invitations', 'news', 'notification', 'do-not-reply', 'donotreply', 'host'],
      ...[
        'no.reply',
        'dont-reply',
        'please_do_not_reply',
        'noreply2',
        'news+spring',
        'sales.emea',
        'de-info',
        'support_us',
        'acme-support',
        'info1',
      ],
      ...['customer.service', 'human-resources', 'accounts-payable', 'office.berlin', 'newsletter-de', 'press-office'],
      'e-mail',
      ...[
        'bewerbung',
        'poststelle',
        'accueil',
        'gdpr',
        'büro',
        'buero',
        'geschäftsführung',
        'comptabilité',
        'información',
      ],
      ...['infos', 'kundenbetreuung', 'customer-success', 'people', 'vendors', 'group', 'büro'],
    ]) {
      assert.equal(role(local), true, local)
    }
    for (const local of [
      ...['jane', 'jane.doe', 'steve.jobs', 'emily.post', 'ned.flanders', 'a.p', 'it.smith', 'ap.li', 'maria.sales'],
      ...[
        'grant.host',
        'newsome',
        'salesky',
        'informa',
        'hostetler',
        'h.r',
        'main.anna',
        'büroth',
        'peoples',
        'anna.group',
      ],
    ]) {
      assert.equal(role(local), false, local)
    }
  })
})

describe('the domain of a company', () => {
  it('case D01: of a big company is its own, and a page on its site is nobody’s', () => {
    each(companyDomain, [
      ['apple.com', 'apple.com'],
      ['https://www.amazon.com/', 'amazon.com'],
      ['ebay.com', 'ebay.com'],
      ['linkedin.com', 'linkedin.com'],
      ['meta.com', 'meta.com'],
      ['https://about.google', 'about.google'],
      ['google.com', 'google.com'],
      ['https://www.apple.com/de/', 'apple.com'],
      ['https://www.google.com/index.html', 'google.com'],
      ['https://linkedin.com/company/acme', null],
      ['https://www.facebook.com/acme', null],
      ['facebook.com/acme', null],
      ['https://sites.google.com/view/acme', null],
      ['https://de.linkedin.com/in/jane', null],
      ['https://www.ebay.de/str/acme', null],
      ['linktr.ee/acme', null],
      ['icloud.com', null],
      ['me.com', null],
      ['gmail.com', null],
    ])
    each(mailDomain, [
      ['apple.com', 'apple.com'],
      ['linkedin.com', 'linkedin.com'],
      ['euro.apple.com', 'apple.com'],
      ['icloud.com', null],
    ])
  })

  it('case D03: is none for free mail in any country', () => {
    const free = `outlook.com.au yahoo.co.za hotmail.com.tr live.ie yandex.ua mailfence.com yahoo.com.vn hotmail.co.nz gmx.li
      outlook.co.th live.com.ar yandex.kz aol.jp msn.cn startmail.com protonmail.com`
    for (const text of free.split(/\s+/)) assert.equal(companyDomain(text), null, text)
    for (const text of ['livenation.com', 'live.team', 'outlookgroup.com', 'yahoo-works.de', 'proton.com', 'au.com']) {
      assert.equal(companyDomain(text), text)
    }
  })

  it('case D04: is none for a mistyped mail provider, and that of a company one letter away', () => {
    const slips = `gmial.com gmail.con hotmial.com gmai.com gmal.com gmaill.com gnail.com gamil.com gmail.co gmail.cm hotmai.com
      hotmal.com hotmil.com yaho.com yahooo.com yhaoo.com outlok.com outloook.com iclod.com icoud.com gmailcom.com hotmail.comm`
    for (const text of slips.split(/\s+/)) assert.equal(companyDomain(text), null, text)
    for (const text of [
      'cloud.com',
      'gail.com',
      'hotels.com',
      'outlet.com',
      'grail.com',
      'email-works.com',
      'yahya.com',
    ]) {
      assert.equal(companyDomain(text), text)
    }
  })

  it('case D05: is none under a suffix that is reserved, unknown or parked', () => {
    for (const text of [
      'acme.com.invalid',
      'foo.com.invalid',
      'foo.org.invalid',
      'acme.invalid',
      'acme.test',
      'acme.com.example',
      'localhost',
      'acme.localhost',
      'crm.acme.local',
      'acme.comm',
      'acme.sedoparking.com',
      '192.168.0.1',
      '[::1]',
    ]) {
      assert.equal(companyDomain(text), null, text)
    }
  })

  it('case D07: is the first of several that is a company’s', () => {
    each(companyDomain, [
      ['acme.com, acme.de', 'acme.com'],
      ['acme.com / acme.de', 'acme.com'],
      ['acme.com;acme.de', 'acme.com'],
      ['acme.com | acme.de', 'acme.com'],
      ['acme.com and acme.de', 'acme.com'],
      ['facebook.com/acme, acme.de', 'acme.de'],
      ['gmail.com acme.de', 'acme.de'],
    ])
  })

  it('is read however badly the address is written', () => {
    for (const text of [
      'http//acme.com',
      'http:/acme.com',
      'http:acme.com',
      'https:\\\\acme.com\\about',
      'htp://acme.com',
      'htttps://acme.com',
      'http://http://acme.com',
      'https://https//acme.com',
      '//acme.com',
      'www,acme,com',
      'acme,com',
      'wwww.acme.com',
      'ww.acme.com',
      'http://www.acme.com:8080/a?b=c#d',
      'https://user:pass@acme.com/x',
      'jane@acme.com',
      'acme.com.',
      'acme.com/',
      'acme . com',
      'ACME.COM',
      'Acme.com (main site)',
      '<https://acme.com>',
      'url: acme.com',
      '\u200bacme.com\u200b',
      'ａｃｍｅ．ｃｏｍ',
    ]) {
      assert.equal(companyDomain(text), 'acme.com', text)
    }
    assert.equal(companyDomain('münchen.de'), 'xn--mnchen-3ya.de')
    assert.equal(companyDomain('https://www.xn--mnchen-3ya.de/x'), 'xn--mnchen-3ya.de')
    for (const text of ['', ' ', 'Acme Inc.', 'none yet', 'Acme Co., Ltd', '.', 'a'.repeat(5000)]) {
      assert.equal(companyDomain(text), null, text)
    }
  })

  it('case D09: is none for a placeholder, and that of the company where one has the word for a name', () => {
    for (const text of [
      'none.com',
      'na.com',
      'test.com',
      'example.com',
      'domain.com',
      'www.example.org',
      'http://yourcompany.com',
    ]) {
      assert.equal(companyDomain(text), null, text)
    }
    for (const text of ['test.de', 'unknownworlds.com', 'nonesuch.com', 'example.co.uk', 'testing.com']) {
      assert.equal(companyDomain(text), text)
    }
  })

  it('case D10: is the host of each body where many share a domain', () => {
    each(companyDomain, [
      ['health.nsw.gov.au', 'health.nsw.gov.au'],
      ['https://www.finance.nsw.gov.au/about', 'finance.nsw.gov.au'],
      ['ec.europa.eu', 'ec.europa.eu'],
      ['eeas.europa.eu', 'eeas.europa.eu'],
      ['www.nsw.gov.au', 'nsw.gov.au'],
      ['dmv.ca.gov', 'dmv.ca.gov'],
      ['www.hud.gov', 'hud.gov'],
      ['lincoln.k12.ca.us', 'lincoln.k12.ca.us'],
      ['www.bmi.bund.de', 'bmi.bund.de'],
      ['health.maharashtra.gov.in', 'health.maharashtra.gov.in'],
      ['cs.stanford.edu', 'stanford.edu'],
      ['gov.acme.com', 'acme.com'],
    ])
    assert.equal(mailDomain('health.nsw.gov.au'), 'health.nsw.gov.au')
  })

  it('is the host of each customer of a platform, and its own domain for the company that runs it', () => {
    each(companyDomain, [
      ['https://acme.zendesk.com/hc', 'acme.zendesk.com'],
      ['https://www.zendesk.com', 'zendesk.com'],
      ['https://acme.lightning.force.com', 'acme.lightning.force.com'],
      ['https://beta.lightning.force.com', 'beta.lightning.force.com'],
      ['force.com', 'force.com'],
      ['https://acme.atlassian.net', 'acme.atlassian.net'],
      ['acme.wordpress.com', 'acme.wordpress.com'],
      ['acme.squarespace.com', 'acme.squarespace.com'],
      ['zendesk.acme.com', 'acme.com'],
      ['https://amzn.to/xyz', null],
      ['https://calendly.com/jane', null],
      ['calendly.com', 'calendly.com'],
    ])
    each(mailDomain, [
      ['acme.onmicrosoft.com', 'acme.onmicrosoft.com'],
      ['acme.mail.onmicrosoft.com', 'acme.onmicrosoft.com'],
      ['beta.onmicrosoft.com', 'beta.onmicrosoft.com'],
      ['zendesk.com', 'zendesk.com'],
    ])
  })
})
