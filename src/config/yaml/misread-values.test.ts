import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { z } from 'zod'
import { ConditionsDocument } from '../conditions/condition-document.ts'
import { parseYaml } from './positioned-yaml.ts'

function parse(condition: string) {
  return parseYaml(`when:\n  - { field: PostalCode, ${condition} }\n`, z.strictObject({ when: ConditionsDocument }))
}

describe('values of conditions that YAML turns into something else', () => {
  it('case L06: are refused where they stand, with the quoted form', () => {
    for (const written of [
      '02139',
      '012',
      '+49',
      '1.10',
      '1e5',
      '0x1F',
      '0o14',
      '.5',
      '5.',
      '-0',
      '12345678901234567890',
    ]) {
      for (const condition of [`prefix: [${written}]`, `equals: ${written}`, `not-in: [DE, ${written}]`]) {
        const parsed = parse(condition)
        assert.equal(parsed.ok, false, condition)
        if (parsed.ok) continue
        const [error, ...others] = parsed.errors
        assert.deepEqual(others, [])
        assert.ok(error?.message.includes(`write it in quotes to keep it as it is: "${written}"`), error?.message)
        assert.equal(error?.line, 2)
        assert.equal(error?.column, `  - { field: PostalCode, ${condition}`.lastIndexOf(written) + 1)
      }
    }
  })

  it('are refused at the ends of ranges, and in lists of many lines', () => {
    const ends = parse('range: { from: 01000, below: 02000 }')
    assert.deepEqual(ends.ok ? [] : ends.errors.map(({ field }) => field), [
      'when[0].range.from',
      'when[0].range.below',
    ])
    const list = parseYaml(
      'when:\n  - field: zip\n    prefix:\n      - "01"\n      - 02\n',
      z.strictObject({ when: ConditionsDocument }),
    )
    assert.deepEqual(list.ok ? [] : list.errors.map(({ line, column, field }) => [line, column, field]), [
      [5, 9, 'when[0].prefix[1]'],
    ])
  })

  it('are refused where a file says that it is YAML 1.1, which reads NO and dates as something else', () => {
    const source = (value: string) => `%YAML 1.1\n---\nwhen:\n  - { field: Country, in: [${value}] }\n`
    for (const written of ['NO', 'yes', 'on', '2026-11-02']) {
      const parsed = parseYaml(source(written), z.strictObject({ when: ConditionsDocument }))
      assert.ok(!parsed.ok, written)
      assert.ok(parsed.errors[0]?.message.includes(`"${written}"`), parsed.errors[0]?.message)
    }
  })

  it('are taken as they are written where nothing is lost', () => {
    for (const [written, value] of [
      ['500', '500'],
      ['"02139"', '02139'],
      ["'+49'", '+49'],
      ['NO', 'NO'],
      ['yes', 'yes'],
      ['on', 'on'],
      ['true', 'true'],
      ['2026-11-02', '2026-11-02'],
      ['-3', '-3'],
      ['0.5', '0.5'],
    ]) {
      const parsed = parse(`in: [${written}]`)
      assert.ok(parsed.ok, JSON.stringify(parsed))
      assert.deepEqual(parsed.value.when, [{ field: 'PostalCode', op: 'in', values: [value] }])
    }
  })

  it('leave numbers alone that are meant as numbers', () => {
    const parsed = parseYaml('amount: 5e4\n', z.strictObject({ amount: z.number() }))
    assert.deepEqual(parsed.ok && parsed.value, { amount: 50_000 })
  })

  it('are shown in quotes where text is asked for', () => {
    const parsed = parseYaml('title: 1.10\n', z.strictObject({ title: z.string() }))
    assert.match(parsed.ok ? '' : parsed.errors[0]!.message, /write it in quotes: "1\.10"/)
  })
})
