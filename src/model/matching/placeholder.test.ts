import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isPlaceholder, type TextKind } from './placeholder.ts'

const all = (kind: TextKind, expected: boolean, ...texts: string[]) => {
  for (const text of texts) assert.equal(isPlaceholder(text, kind), expected, `${text} as ${kind}`)
}

describe('a text that stands where an answer is missing', () => {
  it('is what forms, mail merges and spreadsheets leave', () => {
    all(
      'other',
      true,
      '{{contact.company}}',
      '%%company%%',
      '$\u007bcompany}',
      '{!Lead.Company}',
      '*|FNAME|*',
      '[object Object]',
    )
    all(
      'other',
      true,
      '#REF!',
      '#VALUE!',
      '#NAME?',
      '#DIV/0!',
      '#N/A',
      '#NV',
      '#WERT!',
      '[deleted]',
      '(removed)',
      '[REDACTED]',
    )
    all(
      'other',
      false,
      '#1 Plumbing',
      '#hashtag',
      '#winning!',
      '#why?',
      '[Acme]',
      '100%',
      '$100',
      '{Acme}',
      'deleted',
      '#1!',
      'C#',
    )
  })

  it('is an abbreviation with dots, and no initials', () => {
    all('other', true, 'T.B.D.', 't.b.c.', 'n.a.', 'k. A.')
    all('other', false, 'T.B.', 'A.B.C.', 'J. R. R.')
  })

  it('is what a country picker shows before anything is chosen', () => {
    all(
      'country',
      true,
      '-- Select --',
      'Select...',
      'Select Country',
      'Choose your country',
      'Bitte wählen',
      'Seleccione',
    )
    all('country', true, 'Sélectionnez un pays', 'ZZ', 'XX', '--None--', 'na')
    all('country', false, 'NA', 'Selectland', 'Other', 'Select Germany', 'Choice')
    all('other', false, 'Select', 'Country', 'ZZ')
  })

  it('is an empty mask or the dialing code alone in the place of a phone', () => {
    all('phone', true, '(xxx) xxx-xxxx', 'xxx-xxx-xxxx', '+49', '+1', '() -', '(___) ___-____', 'unlisted', '1111111')
    all('phone', false, '+49 30 123456', '112', '415-555-2671', '+1 415 xxx 2671', '110')
  })

  it('is the start of a web address', () => {
    all('domain', true, 'http://', 'https://', 'www.', 'WWW', 'none.com')
    all('domain', false, 'http.de', 'https://acme.de', 'www.acme.de', 'httpd.com')
  })

  it('is one letter or digits in a row in the place of a company, and a small x in the place of a person', () => {
    all('company-name', true, 'x', 'a', '1', '12345', '00000')
    all('company-name', false, 'X', '3M', '360', '1905', 'Q')
    all('person-name', true, 'x', 'xx', 'FNU', 'LNU', 'customer service')
    all('person-name', false, 'X', 'a', 'Li', 'Null', 'Service')
  })
})
