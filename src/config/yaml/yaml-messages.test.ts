import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import '../../crm/profiles.ts'
import { z } from 'zod'
import { CalendarDocument } from '../company/calendar-document.ts'
import { ConditionsDocument } from '../conditions/condition-document.ts'
import { parseYaml } from './positioned-yaml.ts'

const DOCUMENT = z.strictObject({
  when: ConditionsDocument,
  mode: z.enum(['draft', 'live']).optional(),
  capacity: z.number().int().positive().optional(),
})

function said(source: string, schema: z.ZodType = DOCUMENT): string[] {
  const parsed = parseYaml(source, schema)
  return parsed.ok
    ? []
    : parsed.errors.map(({ line, column, field, message }) => `${line}:${column} ${field} ${message}`)
}

const condition = (text: string) => said(`when:\n  - { ${text} }\n`)

describe('what is said of a key that is not known', () => {
  it('names the one that was meant, by its letters, by a slip, or by the word of another tool', () => {
    for (const [written, meant] of [
      ['older_than_days: 5', 'older-than-days'],
      ['notIn: [x]', 'not-in'],
      ['IN: [x]', 'in'],
      ['prefx: [x]', 'prefix'],
      ['blnak: true', 'blank'],
      ['eq: x', 'equals'],
      ['startsWith: [x]', 'prefix'],
      ['isEmpty: true', 'blank'],
      ['gt: 5', 'range'],
      ['regex: ^a', 'contains'],
    ]) {
      const errors = condition(`field: company, ${written}`)
      assert.equal(errors.length, 1, errors.join('\n'))
      assert.match(
        errors[0]!,
        new RegExp(
          `^2:\\d+ when\\[0\\]\\.\\S+ is not known in when\\[0\\]; check the spelling\\. Did you mean ${meant}\\?`,
        ),
      )
    }
    assert.match(condition('feild: company, equals: x').join(), /Did you mean field\?/)
    assert.match(condition('field: score, range: { min: 5 }').join(), /Did you mean from\?/)
    assert.match(
      said('wen: []\n').join(),
      /^1:1 wen is not known in this file; check the spelling\. Did you mean when\?/,
    )
  })

  it('names none where none is near, and never the opposite', () => {
    for (const written of ['newer-than-days: 5', 'operator: equals', '__proto__: x', 'constructor: x']) {
      assert.doesNotMatch(condition(`field: company, ${written}`).join(), /Did you mean/, written)
    }
    assert.match(said('<<: { a: b }\nwhen: []\n').join(), /is a merge key/)
  })
})

describe('what is said of a value of another kind', () => {
  it('is in words of everyday, with what is allowed', () => {
    assert.match(said('').join(), /holds no settings/)
    assert.match(said('- a\n').join(), /holds no settings/)
    assert.match(
      said('when: []\nmode: Live\n').join(),
      /^2:1 mode is not allowed here; allowed are draft, live; did you mean live by "Live"\?/,
    )
    assert.match(said('when: []\ncapacity: many\n').join(), /must be a number, without quotes/)
    assert.match(said('when: []\ncapacity: 0\n').join(), /must be more than 0/)
    assert.match(said('when: []\ncapacity: 1.5\n').join(), /must be a whole number/)
    assert.match(said('when: []\ncapacity:\n').join(), /is empty; allowed is a number/)
    assert.match(condition('field: score, range: [10, 20]').join(), /needs from \(included\), below/)
    assert.match(condition('field: score, in: {a: b}').join(), /one value, or a list/)
    assert.match(condition('field: score, older-than-days: -5').join(), /more than 0 days/)
    assert.match(condition('field: score, older-than-days: "5"').join(), /without unit or quotes/)
    assert.match(condition('field: score, older-than-days: 100000').join(), /a hundred years/)
    for (const [source] of [
      ['when: 5\n'],
      ['when: [a]\n'],
      ['when: [[]]\n'],
      ['when: [{ field: x, range: 5 }]\n'],
    ] as const) {
      assert.doesNotMatch(said(source!).join(), /Invalid input|expected|received/, source)
    }
  })
})

describe('what is said of text that is no YAML', () => {
  it('says what to do, at the first place alone', () => {
    for (const [source, says] of [
      ['when: []\n\tmode: live\n', /^2:\d+ {2}is not valid YAML: a tab/],
      ['when: []\nwhen: []\n', /^2:1 .*the same key is there twice/],
      ['when: []\nmode: "live\n', /a quote, comma or bracket is missing/],
      ['when: []\n---\nwhen: []\n', /a second document begins here/],
      ['when: []\nmode: a: b\n', /^2:\d+ .*second colon/],
      ['when: []\nmode: *live\n', /^2:7 .*\*live means what was marked/],
      ['when: []\nmode: @live\n', /^2:7 .*put the value in quotes/],
    ] as const) {
      const errors = said(source)
      assert.equal(errors.length, 1, errors.join('\n'))
      assert.match(errors[0]!, says)
    }
  })
})

describe('names and values that look right', () => {
  it('are refused with the character that nobody sees or that another alphabet has', () => {
    assert.match(condition('field: "comp\u200bany", blank: false').join(), /nobody sees \(U\+200B\)/)
    assert.match(condition('field: "comp\u0430ny", blank: false').join(), /U\+0430/)
    for (const name of [
      '{{country}}',
      "company'",
      'company->industry',
      'company/industry',
      'amount in EUR',
      'account',
      'fact',
    ]) {
      assert.equal(condition(`field: "${name}", blank: false`).length, 1, name)
    }
    assert.match(condition('field: company, in: [“Acme”]').join(), /typographic quotes.*write "Acme"/)
    assert.match(condition('field: score, range: { from: "1.000" }').join(), /may be 1 or 1000/)
  })

  it('are read in either case where codes are meant', () => {
    assert.deepEqual(condition('field: fact.state, in: [us-ca]'), [])
    assert.match(condition('field: fact.country, in: ["DE, AT"]').join(), /write \[DE, AT\]/)
    assert.match(condition('field: fact.ownerState, equals: unassigned').join(), /nearest is "none"/)
    assert.match(condition('field: fact.ownerState, equals: deactivated').join(), /nearest is "inactive"/)
    assert.match(condition('field: fact.crm, equals: SFDC').join(), /nearest is "salesforce"/)
    assert.doesNotMatch(condition('field: fact.crm, equals: pipedrive').join(), /nearest/)
  })

  it('are refused as numbers that are never less than 0', () => {
    assert.match(condition('field: fact.employees, range: { from: -5 }').join(), /never less than 0/)
    assert.match(condition('field: fact.openPipeline, range: { from: 0 }').join(), /holds for every record/)
    assert.match(condition('field: fact.employees, range: { from: 2026-01-01 }').join(), /is a day/)
    assert.deepEqual(condition('field: fact.employees, range: { from: 0 }'), [])
  })
})

describe('a calendar in which nobody works, or in which work goes in circles', () => {
  const calendar = (more: string) =>
    said(`timeZone: Europe/Berlin\nworkingDays: [Mon, Tue]\nopens: "09:00"\ncloses: "17:00"\n${more}`, CalendarDocument)
  const away = (...rows: readonly string[]) => calendar(`away:\n${rows.map((row) => `  - { ${row} }\n`).join('')}`)

  it('is refused for hours that no day or no break leaves', () => {
    assert.match(
      calendar('hoursOn: { Sat: { opens: "10:00", closes: "12:00" } }').join(),
      /hoursOn\.Sat is no working day/,
    )
    const within = 'breaks: [{ from: "12:00", to: "13:00" }]\nhoursOn: { Mon: { opens: "12:00", closes: "12:30" } }'
    assert.match(calendar(within).join(), /hoursOn\.Mon lies within a break/)
    assert.match(calendar('holidays: [2026-12-25, 2026-12-25]').join(), /there twice/)
    assert.match(
      said('timeZone: "+01:00"\nworkingDays: [Mon]\nopens: "09:00"\ncloses: "17:00"\n', CalendarDocument).join(),
      /is no time zone/,
    )
  })

  it('is refused for delegates in a circle, on a day that they share', () => {
    const circle = away(
      'email: a@acme.de, from: 2026-12-01, until: 2026-12-10, delegate: b@acme.de',
      'email: b@acme.de, from: 2026-12-05, until: 2026-12-20, delegate: c@acme.de',
      'email: c@acme.de, from: 2026-12-08, until: 2026-12-09, delegate: a@acme.de',
    )
    assert.match(
      circle.join(),
      /away\[0\]\.delegate goes in a circle on 2026-12-08 \(a@acme\.de, then b@acme\.de, then c@acme\.de, then a@acme\.de\)/,
    )
    const apart = [
      'email: a@acme.de, from: 2026-12-01, until: 2026-12-05, delegate: b@acme.de',
      'email: b@acme.de, from: 2026-12-06, until: 2026-12-09, delegate: a@acme.de',
    ]
    assert.deepEqual(away(...apart), [])
    const chain = [
      'email: a@acme.de, from: 2026-12-01, until: 2026-12-05, delegate: b@acme.de',
      'email: b@acme.de, from: 2026-12-01, until: 2026-12-09',
    ]
    assert.deepEqual(away(...chain), [])
  })

  it('is refused for two absences of one person that overlap', () => {
    const twice = away(
      'email: a@acme.de, from: 2026-12-01, until: 2026-12-10',
      'email: a@acme.de, from: 2026-12-10, until: 2026-12-12',
    )
    assert.match(twice.join(), /away\[1\]\.from overlaps/)
  })
})
