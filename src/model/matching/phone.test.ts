import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readPhones } from './phone.ts'

const readPhone = (text: string | null, country: string | null) => readPhones(text, country)[0] ?? null

const each = <Answer>(read: (text: string) => Answer, rows: readonly (readonly [string, Answer])[]) => {
  for (const [text, expected] of rows) assert.deepEqual(read(text), expected, text)
}

describe('a phone number as people write it', () => {
  it('case P01: of a Brazilian mobile is the same with and without its ninth digit', () => {
    assert.equal(readPhone('+55 11 8765-4321', null), readPhone('+55 11 98765-4321', null))
    assert.equal(readPhone('(11) 8765-4321', 'BR'), '+5511987654321')
    assert.equal(readPhone('+55 11 3765-4321', null), '+551137654321', 'a landline has eight')
  })

  it('case P02: of an Argentine or Mexican mobile is the same with and without the digit for calls from abroad', () => {
    const argentine = ['+54 9 11 2345-6789', '+54 11 2345-6789', '+54 9 11 23456789', '0054 9 11 2345 6789']
    for (const text of argentine) assert.equal(readPhone(text, null), '+541123456789', text)
    for (const text of ['011 15 2345-6789', '011 2345-6789', '11 2345-6789']) {
      assert.equal(readPhone(text, 'AR'), '+541123456789', text)
    }
    for (const text of ['+52 1 55 1234 5678', '+52 55 1234 5678'])
      assert.equal(readPhone(text, null), '+525512345678', text)
    for (const text of ['044 55 1234 5678', '01 55 1234 5678', '55 1234 5678']) {
      assert.equal(readPhone(text, 'MX'), '+525512345678', text)
    }
    assert.equal(readPhone('+84 120 123 4567', null), readPhone('+84 70 123 4567', null))
    assert.equal(readPhone('+229 97 12 34 56', null), readPhone('+229 01 97 12 34 56', null))
    assert.equal(readPhone('+225 07 12 34 56', null), readPhone('+225 07 07 12 34 56', null))
  })

  it('cases P07 and P08: has the prefix for calls abroad as a plus, with any country or none', () => {
    for (const country of [null, 'US', 'DE', 'FR']) {
      assert.equal(readPhone('0049 30 12345678', country), '+493012345678', String(country))
    }
    for (const country of [null, 'US', 'CA']) assert.equal(readPhone('011 49 30 12345678', country), '+493012345678')
    for (const text of ['(0049) 30 12345678', '+0049 30 12345678', '++49 30 12345678', '00 49 30 12345678']) {
      assert.equal(readPhone(text, null), '+493012345678', text)
    }
    assert.equal(readPhone('030 12345678', null), null)
    assert.equal(readPhone('212 555 0100', null), null)
  })

  it('is each of several in one field, and one with a slash inside', () => {
    each(
      (text) => readPhones(text, 'DE'),
      [
        ['+49 30 12345678, +49 170 1234567', ['+493012345678', '+491701234567']],
        ['030 12345678 / 0170 1234567', ['+493012345678', '+491701234567']],
        ['030 12345678; 0170 1234567', ['+493012345678', '+491701234567']],
        ['030 12345678 oder 0170 1234567', ['+493012345678', '+491701234567']],
        ['T: 030 12345678 M: 0170 1234567', ['+493012345678', '+491701234567']],
        ['+493012345678+491701234567', ['+493012345678', '+491701234567']],
        ['030/12345678', ['+493012345678']],
        ['030 / 12345678', ['+493012345678']],
        ['030 12345678 ext. 12', ['+493012345678']],
        ['030 12345678 DW 12', ['+493012345678']],
        ['030 12345678x12', ['+493012345678']],
        ['+49 (0)30 12345678', ['+493012345678']],
        ['\u202a+49 30 12345678\u202c', ['+493012345678']],
        ['０３０ １２３４５６７８', ['+493012345678']],
        ['Tel. 030 12345678', ['+493012345678']],
        ['0711 1234567/68', ['+497111234567']],
        ['0711 123456 / 7', ['+49711123456']],
        ['06221/52', ['+49622152']],
        ['+49 711 1234567 +49 171 1234567', ['+497111234567', '+491711234567']],
      ],
    )
    each(
      (text) => readPhones(text, 'US'),
      [
        ['415-555-2671 415-555-2672', ['+14155552671', '+14155552672']],
        ['4155552671 4155552671', ['+14155552671']],
        ['415 555 2671', ['+14155552671']],
        ['415-555-2671/2', ['+14155552671']],
        ['415 555 26 71 415', []],
      ],
    )
  })

  it('is read in the letters of a vanity number, and no word is a number', () => {
    each(
      (text) => readPhones(text, 'US'),
      [
        ['1-800-FLOWERS', ['+18003569377']],
        ['1 (800) MY-APPLE', ['+18006927753']],
        ['800-GOT-JUNK', ['+18004685865']],
        ['1-800-CONTACTS', ['+18002668228']],
        ['1-888-555-2671', ['+18885552671']],
        ['1-800-CALL', []],
        ['1-212-FLOWERS', []],
        ['1-800-flowers shop', []],
        ['FLOWERS', []],
      ],
    )
    assert.deepEqual(readPhones('1-800-FLOWERS', null), [])
    assert.deepEqual(readPhones('1-800-FLOWERS', 'DE'), [])
    assert.deepEqual(readPhones('+683 4000', null), ['+6834000'], 'Niue')
  })

  it('is read as spreadsheets, chats and forms leave it', () => {
    for (const text of ['4155552671.0', "'4155552671", '="4155552671"', '=+14155552671', '+1 (0) 415 555 2671']) {
      assert.equal(readPhone(text, 'US'), '+14155552671', text)
    }
    assert.equal(readPhone('4.155552671E9', 'US'), null)
    for (const text of ['https://wa.me/5511987654321', 'wa.me/+5511987654321', '+55 (0xx11) 98765-4321']) {
      assert.equal(readPhone(text, null), '+5511987654321', text)
    }
    for (const text of ['(0xx11) 98765-4321', '0xx11 98765-4321', '0XX 11 98765 4321']) {
      assert.equal(readPhone(text, 'BR'), '+5511987654321', text)
    }
    const atHome = { '+30 (0) 210 1234568': '+302101234568', '+48 (0) 22 123 45 68': '+48221234568' }
    const elsewhere = { '+34 (0) 91 123 45 68': '+34911234568', '0045 (0) 32 12 34 56': '+4532123456' }
    for (const [text, phone] of Object.entries({ ...atHome, ...elsewhere }))
      assert.equal(readPhone(text, null), phone, text)
    assert.equal(readPhone('+49 (0)30 12345678', null), '+493012345678')
    assert.equal(readPhone('+225 (0)7 07 12 34 56', null), '+2250707123456', 'in Ivory Coast, too')
    assert.equal(readPhone('+39 (0)2 1234568', null), '+39021234568', 'in Italy the 0 is dialed')
    assert.equal(readPhone('15 2345 6789', 'AR'), null, 'a mobile without its area code')
  })

  it('case P05: is none where somebody made it up, and a freephone number with its zeros is one', () => {
    for (const text of [
      '000-000-0000',
      '0000000000',
      '1111111111',
      '(999) 999-9999',
      '123-456-7890',
      '1234567890',
      '0123456789',
      '9876543210',
      '555-555-5555',
      '+1 000 000 0000',
      '+1 (555) 555-5555',
      '212-000-0000',
      'n/a',
      'unknown',
    ]) {
      assert.equal(readPhone(text, 'US'), null, text)
    }
    assert.equal(readPhone('+49 000 0000000', null), null)
    assert.equal(readPhone('0800 000 0000', 'GB'), '+448000000000')
    assert.equal(readPhone('0 800 1111 000', 'DE'), '+498001111000')
    assert.equal(readPhone('212 555 0100', 'US'), '+12125550100')
    assert.equal(readPhone('+49 30 1234567', null), '+49301234567')
  })
})
